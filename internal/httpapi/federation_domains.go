package httpapi

import (
	"net/http"
	"strconv"
	"time"

	"github.com/owncast-go/owncast/federation"
	"github.com/owncast-go/owncast/internal/httpx"
)

func (a *api) adminExportDomains(w http.ResponseWriter, r *http.Request) error {
	set, err := a.Settings.Federation.Get(r.Context())
	if err != nil {
		return err
	}
	data, err := federation.ExportDomains(set.BlockedDomains)
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", mediaCSV+"; charset=utf-8")
	h.Set("Content-Disposition", `attachment; filename="blocked-domains.csv"`)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Length", strconv.Itoa(len(data)))
	httpx.NoCache(h)
	_, err = w.Write(data)
	return err
}

// importBody is what became of a list of domains.
type importBody struct {
	resultBody
	Added   int                        `json:"added"`
	Total   int                        `json:"total"` // that are blocked now
	Skipped []federation.SkippedDomain `json:"skipped"`
}

// adminImportDomains adds the domains of a CSV to those that are blocked, or
// replaces them.
func (a *api) adminImportDomains(w http.ResponseWriter, r *http.Request) error {
	var body struct {
		Value   *string `json:"value"`
		Replace bool    `json:"replace"`
	}
	if err := httpx.DecodeJSON(w, r, maxImportBody, &body); err != nil {
		return err
	}
	if body.Value == nil {
		return httpx.BadRequest(`field "value" is required: value field is required`)
	}
	domains, skipped, err := federation.ImportDomains(*body.Value)
	if err != nil {
		return err
	}
	before := 0
	set, err := a.Settings.Federation.Set(r.Context(), "federation.blockedDomains", func(f *federation.Settings) error {
		before = len(f.BlockedDomains)
		if body.Replace {
			f.BlockedDomains, before = nil, 0
		}
		f.BlockedDomains = append(f.BlockedDomains[:len(f.BlockedDomains):len(f.BlockedDomains)], domains...)
		return nil
	})
	if err != nil {
		return err
	}
	if skipped == nil {
		skipped = []federation.SkippedDomain{}
	}
	return httpx.JSON(w, http.StatusOK, importBody{
		resultBody: resultBody{Success: true, Message: "imported"},
		Added:      len(set.BlockedDomains) - before, Total: len(set.BlockedDomains), Skipped: skipped,
	})
}

// federationDeliveriesBody is how deliveries to other servers are doing.
type federationDeliveriesBody struct {
	Waiting   int               `json:"waiting"`
	Hosts     int               `json:"hosts"`
	Delivered int               `json:"delivered"`
	GivenUp   int               `json:"givenUp"`
	Failing   []failingHostBody `json:"failing"`
}

type failingHostBody struct {
	Host      string    `json:"host"`
	Since     time.Time `json:"since"`
	Failures  int       `json:"failures"`
	NextTry   time.Time `json:"nextTry"`
	LastError string    `json:"lastError"`
	Suspended bool      `json:"suspended"`
}

func (a *api) adminFederationDeliveries(w http.ResponseWriter, r *http.Request) error {
	body := federationDeliveriesBody{Failing: []failingHostBody{}}
	if a.Federation == nil {
		return httpx.JSON(w, http.StatusOK, body)
	}
	s, err := a.Federation.Deliveries(r.Context())
	if err != nil {
		return err
	}
	body.Waiting, body.Hosts, body.Delivered, body.GivenUp = s.Waiting, s.Hosts, s.Delivered, s.GivenUp
	for _, f := range s.Failing[:min(len(s.Failing), maxPageLimit)] {
		body.Failing = append(body.Failing, failingHostBody(f))
	}
	return httpx.JSON(w, http.StatusOK, body)
}
