package owncast_test

import (
	"compress/gzip"
	"encoding/json"
	"io"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/owncast-go/owncast/internal/httpapi"
)

// document is the description of the API that answers are held to.
var document = sync.OnceValues(func() (*openapi3.T, error) {
	text, err := httpapi.Document()
	if err != nil {
		return nil, err
	}
	return openapi3.NewLoader().LoadFromData(text)
})

// paths finds the path of a route that a request is for.
var paths = sync.OnceValue(func() *http.ServeMux {
	mux, seen := http.NewServeMux(), map[string]bool{}
	for _, rt := range httpapi.Routes() {
		if !seen[rt.Path] {
			seen[rt.Path] = true
			mux.Handle(rt.Path, http.NotFoundHandler())
		}
	}
	return mux
})

// checkAnswer holds an answer to the document: its status, its content type
// and its schema.
func checkAnswer(t testing.TB, r *http.Request, status int, h http.Header, body string) {
	t.Helper()
	doc, err := document()
	if err != nil {
		t.Fatal(err)
	}
	_, pattern := paths().Handler(r)
	if pattern == "" || r.Method == http.MethodHead {
		return
	}
	op := doc.Paths.Find(documented(pattern)).GetOperation(methodKey(r.Method))
	if op == nil {
		if status == http.StatusNoContent || isError(body) {
			return // of OPTIONS, or of a method that is not there
		}
		t.Errorf("%s %s is not in the document: %d %.200s", r.Method, pattern, status, body)
		return
	}
	res := op.Responses.Value(strconv.Itoa(status))
	if res == nil && status >= 400 {
		res = op.Responses.Default()
	}
	if res == nil {
		t.Errorf("%s %s: %d is not in the document", r.Method, pattern, status)
		return
	}
	if len(res.Value.Content) == 0 {
		if body != "" {
			t.Errorf("%s %s: %d has a body: %.200s", r.Method, pattern, status, body)
		}
		return
	}
	media, _, err := mime.ParseMediaType(h.Get("Content-Type"))
	if media == "text/plain" && status != http.StatusServiceUnavailable && status != http.StatusRequestedRangeNotSatisfiable && res.Value.Content.Get(media) == nil {
		t.Errorf("%s %s: %d in plain text", r.Method, pattern, status)
	}
	content := res.Value.Content.Get(media)
	if err != nil || content == nil {
		t.Errorf("%s %s: %d with content type %q", r.Method, pattern, status, h.Get("Content-Type"))
		return
	}
	var v any = body
	if media == "application/json" {
		if err := json.Unmarshal([]byte(body), &v); err != nil {
			t.Errorf("%s %s: %v in %.200s", r.Method, pattern, err, body)
			return
		}
	}
	if err := content.Schema.Value.VisitJSON(v, openapi3.MultiErrors(), openapi3.VisitAsResponse()); err != nil {
		t.Errorf("%s %s: %d is not as the document has it: %v", r.Method, pattern, status, err)
	}
}

// documented is a path as the document has it, which knows no wildcard of
// several elements.
func documented(path string) string { return strings.ReplaceAll(path, "...}", "}") }

// methodKey keeps GetOperation from panicking on methods of no protocol.
func methodKey(method string) string {
	if slices.Contains([]string{"GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD", "TRACE"}, method) {
		return method
	}
	return http.MethodTrace
}

func TestTheDocumentIsValid(t *testing.T) {
	doc, err := document()
	if err != nil {
		t.Fatal(err)
	}
	if err := doc.Validate(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestTheDocumentHasEveryRouteAndNoOther(t *testing.T) {
	doc, err := document()
	if err != nil {
		t.Fatal(err)
	}
	inDocument := map[string]bool{}
	ids := map[string]bool{}
	for path, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			inDocument[method+" "+path] = true
			if op.Summary == "" || op.OperationID == "" || ids[op.OperationID] || len(op.Tags) != 1 {
				t.Errorf("%s %s lacks a summary, an id of its own or a tag", method, path)
			}
			ids[op.OperationID] = true
		}
	}
	for _, rt := range httpapi.Routes() {
		key := rt.Method + " " + documented(rt.Path)
		if !inDocument[key] {
			t.Errorf("%s is not in the document", key)
			continue
		}
		delete(inDocument, key)
		checkOperation(t, key, rt, doc.Paths.Find(documented(rt.Path)).GetOperation(rt.Method))
	}
	for key := range inDocument {
		t.Errorf("%s is in the document alone", key)
	}
}

// checkOperation compares what the table and the document say of a route.
func checkOperation(t *testing.T, key string, rt httpapi.Route, op *openapi3.Operation) {
	t.Helper()
	want := []int{}
	if rt.Access != httpapi.Anyone {
		want = append(want, 401)
	}
	if rt.Access == httpapi.Admin || rt.Access == httpapi.Moderator || rt.Access == httpapi.ChatModerator {
		want = append(want, 403)
	}
	if rt.MaxBody > 0 {
		want = append(want, 400, 413, 415)
	}
	for _, status := range want {
		if op.Responses.Status(status) == nil {
			t.Errorf("%s: %d is not in the document", key, status)
		}
	}
	if secured := op.Security != nil && len(*op.Security) > 0; secured != (rt.Access != httpapi.Anyone) {
		t.Errorf("%s: security %v", key, secured)
	}
	if (op.RequestBody != nil) != (rt.MaxBody > 0) {
		t.Errorf("%s: body %v", key, op.RequestBody != nil)
	}
	ok := op.Responses.Status(http.StatusOK)
	if ok == nil {
		ok = op.Responses.Status(http.StatusCreated)
	}
	if ok == nil {
		return // it is always refused, or OPTIONS
	}
	if rt.Answer == "" && len(ok.Value.Content) > 0 || rt.Answer != "" && ok.Value.Content.Get(rt.Answer) == nil {
		t.Errorf("%s answers with %q", key, rt.Answer)
	}
}

func TestTheDocumentIsServed(t *testing.T) {
	c := run(t)
	text, err := httpapi.Document()
	if err != nil {
		t.Fatal(err)
	}
	code, h, body := c.exchange("GET", "/api/openapi.yaml", "", "", "Accept-Encoding", "identity")
	if code != 200 || h.Get("Content-Type") != "application/yaml" || h.Get("Content-Encoding") != "" || body != string(text) || !strings.HasPrefix(body, "openapi: 3.1.0\n") {
		t.Errorf("%d %v %.100s", code, h, body)
	}
	code, h, body = c.exchange("GET", "/api/openapi.yaml", "", "", "Accept-Encoding", "gzip")
	z, err := gzip.NewReader(strings.NewReader(body))
	if err != nil {
		t.Fatal(code, h, err)
	}
	if got, err := io.ReadAll(z); err != nil || code != 200 || h.Get("Content-Encoding") != "gzip" || string(got) != string(text) {
		t.Errorf("%d %v %v %.100s", code, h, err, got)
	}
}
