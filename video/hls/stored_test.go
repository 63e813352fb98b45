package hls

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestSegmentsOfARedirectorAreFetchedFromThere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t, Config{Storage: cdn{newShelf()}, DVR: time.Minute})
		s.paced(time.Second, 30*time.Second, synctest.Wait)
		resp := s.get("/0/s1-2.m4s")
		if resp.StatusCode != http.StatusFound || resp.Header.Get("Location") != "https://cdn.example/hls/0/s1-2.m4s?signed=yes" {
			t.Errorf("%d %q", resp.StatusCode, resp.Header.Get("Location"))
		}
		if c := resp.Header.Get("Cache-Control"); c != "no-cache" {
			t.Errorf("the address may be kept: %q", c)
		}
	})
}

func TestWhatTheStorageSaysToViewers(t *testing.T) {
	for _, tt := range []struct {
		name string
		err  error
		code int
	}{
		{"it is not there", fmt.Errorf("open: %w", fs.ErrNotExist), http.StatusNotFound},
		{"it fails", errors.New("connection refused by 10.0.0.1"), http.StatusServiceUnavailable},
		{"it hangs", nil, http.StatusServiceUnavailable},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store := newShelf()
				s := newSite(t, Config{Storage: store, DVR: time.Minute})
				s.paced(time.Second, 30*time.Second, synctest.Wait)
				store.open = func(ctx context.Context, _ string) error {
					if tt.err == nil {
						<-ctx.Done()
					}
					return cmp.Or(tt.err, ctx.Err())
				}
				start := time.Now()
				resp := s.get("/0/s1-2.m4s")
				if d := time.Since(start); d > storeTimeout {
					t.Errorf("answered after %v", d)
				}
				body := string(readAll(t, resp))
				resp.Body = io.NopCloser(strings.NewReader(body))
				refused(t, resp, tt.code)
				if strings.Contains(body, "10.0.0.1") {
					t.Error("the error is shown to a viewer")
				}
			})
		})
	}
}

func TestAStorageThatCannotSeek(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newShelf()
		s := newSite(t, Config{Storage: store, DVR: time.Minute})
		s.paced(time.Second, 30*time.Second, synctest.Wait)
		want := readAll(t, s.get("/0/s1-2.m4s"))
		store.wrap = func(r io.Reader) io.ReadCloser { return io.NopCloser(io.MultiReader(r)) }
		if got := readAll(t, s.get("/0/s1-2.m4s")); !bytes.Equal(got, want) {
			t.Errorf("%d bytes of %d", len(got), len(want))
		}
		resp := s.do(t.Context(), http.MethodHead, "/0/s1-2.m4s")
		if body := readAll(t, resp); len(body) != 0 || resp.ContentLength != int64(len(want)) {
			t.Errorf("HEAD: %d bytes, length %d", len(body), resp.ContentLength)
		}
	})
}
