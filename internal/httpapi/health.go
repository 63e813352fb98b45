package httpapi

import (
	"net/http"
	"time"

	"github.com/owncast-go/owncast/internal/health"
	"github.com/owncast-go/owncast/internal/httpx"
)

// readyBody is the answer of /api/health, for who balances load or restarts
// what hangs. It says nothing of why.
type readyBody struct {
	Live  bool `json:"live"`
	Ready bool `json:"ready"`
}

func (a *api) ready(w http.ResponseWriter, _ *http.Request) error {
	body, code := readyBody{Live: true, Ready: true}, http.StatusOK
	if a.Health.Report().Status == health.Failing {
		body.Ready, code = false, http.StatusServiceUnavailable
	}
	return httpx.JSON(w, code, body)
}

// healthReportBody is the answer of /api/admin/health.
type healthReportBody struct {
	Status    health.Level  `json:"status"`
	CheckedAt time.Time     `json:"checkedAt"`
	Problems  []problemBody `json:"problems"`
}

type problemBody struct {
	Code   string       `json:"code"`
	Level  health.Level `json:"level"`
	Text   string       `json:"text"`
	Detail string       `json:"detail,omitempty"`
	Since  time.Time    `json:"since"`
}

func (a *api) adminHealth(w http.ResponseWriter, r *http.Request) error {
	report := a.Health.Check(r.Context())
	body := healthReportBody{Status: report.Status, CheckedAt: report.CheckedAt, Problems: []problemBody{}}
	for _, p := range report.Problems {
		body.Problems = append(body.Problems, problemBody(p))
	}
	return httpx.JSON(w, http.StatusOK, body)
}
