package owncast_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/owncast-go/owncast"
	"github.com/owncast-go/owncast/repository/bolt"
	"github.com/owncast-go/owncast/repository/memory"
)

func TestABackupHasEverythingAndIsInTheAudit(t *testing.T) {
	c := run(t, owncast.WithAdminPassword("p"))
	if code, body := c.ask("POST", "/api/admin/config/name", "p", `{"value":"Kept"}`); code != 200 {
		t.Fatalf("%d %s", code, body)
	}
	if code, body := c.ask("GET", "/api/admin/backup", "", ""); code != 401 || !isError(body) {
		t.Errorf("a stranger gets %d", code)
	}
	code, h, body := c.exchange("GET", "/api/admin/backup", "p", "")
	if code != 200 || !strings.Contains(h.Get("Content-Disposition"), `filename="owncast-`) || !strings.Contains(h.Get("Cache-Control"), "no-store") {
		t.Fatalf("%d %v", code, h)
	}
	dir := t.TempDir()
	if err := bolt.Restore(t.Context(), filepath.Join(dir, "owncast.db"), strings.NewReader(body)); err != nil {
		t.Fatal(err)
	}
	again := run(t, owncast.WithAdminPassword("p"), owncast.WithDataDir(dir))
	if _, body := again.get("/api/config"); !strings.Contains(body, `"name":"Kept"`) {
		t.Errorf("the copy has %s", body)
	}
	if _, body := c.ask("GET", "/api/admin/audit", "p", ""); !strings.Contains(body, `"action":"GET /api/admin/backup"`) {
		t.Errorf("audit: %s", body)
	}
	if code, _, body := c.exchange("HEAD", "/api/admin/backup", "p", ""); code != 200 || body != "" {
		t.Errorf("HEAD: %d %q", code, body)
	}
}

func TestABackupOfTheHostsOwn(t *testing.T) {
	if code, _ := run(t, owncast.WithAdminPassword("p"), owncast.WithRepository(memory.New())).ask("GET", "/api/admin/backup", "p", ""); code != 404 {
		t.Errorf("without a way: %d", code)
	}
	snapshot := func(_ context.Context, w io.Writer) error {
		_, err := io.WriteString(w, "a copy")
		return err
	}
	c := run(t, owncast.WithAdminPassword("p"), owncast.WithRepository(memory.New()), owncast.WithBackup(snapshot))
	if code, body := c.ask("GET", "/api/admin/backup", "p", ""); code != 200 || body != "a copy" {
		t.Errorf("%d %q", code, body)
	}
	if _, body := c.ask("GET", "/api/admin/serverconfig", "p", ""); !strings.Contains(body, `"backup":true`) {
		t.Errorf("serverconfig: %s", body)
	}
}

// TestABackupThatFailsIsNoWholeFile holds that nobody takes a part for all.
func TestABackupThatFailsIsNoWholeFile(t *testing.T) {
	snapshot := func(_ context.Context, w io.Writer) error {
		_, _ = io.WriteString(w, strings.Repeat("x", 1<<20))
		return errors.New("no more")
	}
	c := run(t, owncast.WithAdminPassword("p"), owncast.WithBackup(snapshot))
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, c.web.URL+"/api/admin/backup", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.SetBasicAuth("admin", "p")
	res, err := c.web.Client().Do(r)
	if err != nil {
		return // cut off before the header came
	}
	defer res.Body.Close()
	if n, err := io.Copy(io.Discard, res.Body); err == nil {
		t.Errorf("%d bytes came as a whole", n)
	}
}
