package s3_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/owncast-go/owncast/storage"
)

// spy records requests.
type spy struct {
	mu   sync.Mutex
	seen []*http.Request
}

func (s *spy) fault(_ http.ResponseWriter, r *http.Request) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seen = append(s.seen, r.Clone(context.Background()))
	return false
}

func (s *spy) find(t testing.TB, method string) http.Header {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.seen {
		if r.Method == method {
			return r.Header
		}
	}
	t.Fatalf("no %s was sent", method)
	return nil
}

func TestWhatIsSentToTheServer(t *testing.T) {
	g := startGateway(t)
	for _, acl := range []string{"", "private"} {
		p := newProxy(t, g.url)
		var sp spy
		p.set(sp.fault)
		cfg := g.config(t)
		cfg.Endpoint, cfg.ACL = p.url, acl
		s := open(t, cfg)
		if err := s.Put(t.Context(), "a.m4s", strings.NewReader("x"), storage.PutOptions{MaxAge: 365 * 24 * time.Hour}); err != nil && acl == "" {
			t.Fatal(err)
		}
		put := sp.find(t, http.MethodPut)
		if got := put.Get("X-Amz-Acl"); got != acl {
			t.Errorf("ACL %q was sent, want %q", got, acl)
		}
		if ct, cc := put.Get("Content-Type"), put.Get("Cache-Control"); ct != "video/mp4" || cc != "public, max-age=31536000" {
			t.Errorf("type %q, cache %q", ct, cc)
		}
		if err := storage.DeleteAll(t.Context(), s, []string{"a.m4s", "b"}); err != nil {
			t.Fatal(err)
		}
		if post := sp.find(t, http.MethodPost); post.Get("Content-Md5") == "" {
			t.Error("a batch of deletes without Content-MD5, which older servers want")
		}
		for h := range put {
			if strings.HasPrefix(h, "X-Amz-Checksum") || strings.HasPrefix(h, "X-Amz-Sdk-Checksum") || h == "X-Amz-Trailer" {
				t.Errorf("%s was sent, which many servers refuse", h)
			}
		}
	}
}

func TestAServerWithoutBatchesGetsSingleDeletes(t *testing.T) {
	g := startGateway(t)
	for _, status := range []int{http.StatusNotImplemented, http.StatusBadRequest, http.StatusForbidden} {
		p := newProxy(t, g.url)
		var log bytes.Buffer
		cfg := g.config(t)
		cfg.Endpoint, cfg.Attempts, cfg.Logger = p.url, 1, slog.New(slog.NewTextHandler(&log, nil))
		s := open(t, cfg)
		p.set(on(method(http.MethodPost, "delete"), answer(status, "NotImplemented")))
		for range 2 {
			var all []string
			for i := range 20 {
				put(t, s, fmt.Sprintf("dir/%d", i), "x")
				all = append(all, fmt.Sprintf("dir/%d", i))
			}
			if err := s.DeleteBatch(t.Context(), append(all, "missing")); err != nil {
				t.Fatal(err)
			}
			if left := keys(t, s, ""); len(left) != 0 {
				t.Errorf("%q are left", left)
			}
		}
		if n := strings.Count(log.String(), "in batches"); n != 1 {
			t.Errorf("the log has it %d times: %s", n, log.String())
		}
		if n := s.Stats().Delete.Sent; n != 1+2*21 {
			t.Errorf("%d requests, want one batch and single ones", n)
		}
	}
	p := newProxy(t, g.url)
	cfg := g.config(t)
	cfg.Endpoint, cfg.Attempts = p.url, 1
	s := open(t, cfg)
	put(t, s, "a", "x")
	p.set(on(method(http.MethodPost, "delete"), answer(http.StatusInternalServerError, "InternalError")))
	if err := s.DeleteBatch(t.Context(), []string{"a"}); err == nil || s.Stats().Delete.Sent != 1 {
		t.Errorf("a batch that fails = %v after %d requests", err, s.Stats().Delete.Sent)
	}
	denied := answer(http.StatusForbidden, "AccessDenied")
	p.set(func(w http.ResponseWriter, r *http.Request) bool { return r.Method != http.MethodGet && denied(w, r) })
	if err := s.DeleteBatch(t.Context(), []string{"a", "b", "c"}); err == nil || s.Stats().Delete.Sent != 3 {
		t.Errorf("a batch that is not allowed = %v after %d requests more", err, s.Stats().Delete.Sent-1)
	}
	p.heal()
	if err := s.DeleteBatch(t.Context(), []string{"a", "b", "c"}); err != nil || s.Stats().Delete.Sent != 4 {
		t.Errorf("a batch when it is = %v", err)
	}
}
