package httpapi

import (
	"net/http"
	"time"

	"github.com/owncast-go/owncast/internal/httpx"
)

// hardwareBody is the answer of /api/admin/hardwarestats, in percent. Lists
// are empty where nobody measures.
type hardwareBody struct {
	Disk   []pointBody `json:"disk"`
	Memory []pointBody `json:"memory"`
	CPU    []pointBody `json:"cpu"`
}

func (a *api) adminHardware(w http.ResponseWriter, _ *http.Request) error {
	body := hardwareBody{[]pointBody{}, []pointBody{}, []pointBody{}}
	for _, s := range a.Hardware.Samples() {
		at := s.Time.Truncate(time.Second)
		body.Disk = append(body.Disk, pointBody{at, s.Disk})
		body.Memory = append(body.Memory, pointBody{at, s.Memory})
		body.CPU = append(body.CPU, pointBody{at, s.CPU})
	}
	return httpx.JSON(w, http.StatusOK, body)
}
