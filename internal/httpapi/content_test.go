package httpapi

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/owncast-go/owncast/internal/httpx"
)

func TestTheScriptIsTheAdministrators(t *testing.T) {
	script, err := "alert(1)", error(nil)
	a := &api{Config: Config{CustomJavaScript: func(context.Context) (string, error) { return script, err }}}
	get := func(tag string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(http.MethodGet, "/customjavascript", nil)
		r.Header.Set("If-None-Match", tag)
		rec := httptest.NewRecorder()
		httpx.Handler(nil, a.customJavaScript).ServeHTTP(rec, r)
		return rec
	}
	first := get("")
	if first.Code != 200 || first.Body.String() != script || first.Header().Get("Content-Type") != "text/javascript; charset=utf-8" {
		t.Errorf("%d %q %v", first.Code, first.Body, first.Header())
	}
	tag := first.Header().Get("ETag")
	if rec := get(tag); rec.Code != http.StatusNotModified {
		t.Errorf("again: %d", rec.Code)
	}
	script = "alert(2)"
	if rec := get(tag); rec.Code != 200 || rec.Body.String() != script {
		t.Errorf("another one: %d %q", rec.Code, rec.Body)
	}
	err = errors.New("secret")
	if rec := get(""); rec.Code != 500 || rec.Body.String() != `{"error":"internal error"}`+"\n" {
		t.Errorf("an error: %d %q", rec.Code, rec.Body)
	}
}

func TestTheMountIsWhatWasStripped(t *testing.T) {
	tests := []struct{ base, uri, path, want string }{
		{"", "/api/emoji", "/api/emoji", ""},
		{"", "/a/b/api/emoji?x", "/api/emoji", "/a/b"},
		{"", "//evil.example/api/emoji", "/api/emoji", ""},
		{"", "/a/../api/emoji", "/api/emoji", ""},
		{"", "http://x.example/a/api/emoji", "/api/emoji", ""},
		{"", "/other", "/api/emoji", ""},
		{"/live", "/api/emoji", "/api/emoji", "/live"},
	}
	for _, tt := range tests {
		r := httptest.NewRequest(http.MethodGet, tt.path, nil)
		r.RequestURI = tt.uri
		if got := (&api{Config: Config{BasePath: tt.base}}).mountPath(r); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.uri, got, tt.want)
		}
	}
}
