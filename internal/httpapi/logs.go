package httpapi

import (
	"log/slog"
	"net/http"
	"time"

	"github.com/owncast-go/owncast/internal/httpx"
	"github.com/owncast-go/owncast/internal/logring"
)

// logBody is one of the answer of /api/admin/logs.
type logBody struct {
	Time    time.Time `json:"time"`
	Message string    `json:"message"`
	Level   string    `json:"level"` // debug, info, warning or error
}

func (a *api) adminLogs(w http.ResponseWriter, _ *http.Request) error {
	return httpx.JSON(w, http.StatusOK, logEntries(a.Logs.All()))
}

func (a *api) adminLogWarnings(w http.ResponseWriter, _ *http.Request) error {
	return httpx.JSON(w, http.StatusOK, logEntries(a.Logs.Warnings()))
}

func logEntries(list []logring.Entry) []logBody {
	body := make([]logBody, 0, len(list))
	for _, e := range list {
		body = append(body, logBody{e.Time, e.Message, levelName(e.Level)})
	}
	return body
}

// levelName is how clients of such servers know the level.
func levelName(l slog.Level) string {
	switch {
	case l < slog.LevelInfo:
		return "debug"
	case l < slog.LevelWarn:
		return "info"
	case l < slog.LevelError:
		return "warning"
	default:
		return "error"
	}
}
