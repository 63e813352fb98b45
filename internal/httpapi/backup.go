package httpapi

import (
	"io"
	"net/http"
	"time"

	"github.com/owncast-go/owncast/internal/httpx"
)

// backupStall is for how long a client may take nothing of a backup. The file
// of the database grows meanwhile.
const backupStall = 30 * time.Second

// adminBackup sends a copy of the database. It changes nothing, and is in the
// audit all the same: whoever has the file has all the secrets.
func (a *api) adminBackup(w http.ResponseWriter, r *http.Request) error {
	if a.Snapshot == nil {
		return httpx.ErrNotFound
	}
	if r.Method == http.MethodHead {
		w.Header().Set("Content-Type", mediaBinary)
		return nil
	}
	h := w.Header()
	h.Set("Content-Type", mediaBinary)
	h.Set("Content-Disposition", `attachment; filename="owncast-`+time.Now().UTC().Format("20060102-150405")+`.db"`)
	httpx.NoCache(h)
	who := caller(r)
	err := a.Snapshot(r.Context(), &patient{w: w, rc: http.NewResponseController(w)})
	status := http.StatusOK
	if err != nil {
		status, _ = httpx.Status(err)
	}
	a.record(r, actor{id: who.ID, name: who.DisplayName}, "", status)
	return err
}

// patient gives the client some time for each piece.
type patient struct {
	w  io.Writer
	rc *http.ResponseController
}

func (p *patient) Write(b []byte) (int, error) {
	_ = p.rc.SetWriteDeadline(time.Now().Add(backupStall)) // where there are deadlines
	return p.w.Write(b)
}
