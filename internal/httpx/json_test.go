package httpx

import (
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func TestABodyThatDoesNotFitIsRefusedWithAReason(t *testing.T) {
	tests := []struct {
		name, body string
		status     int
		message    string
	}{
		{"right", `{"name":"x","count":3,"unknown":[]}`, 0, ""},
		{"as large as allowed", `{"name":"` + strings.Repeat("x", 53) + `"}`, 0, ""},
		{"wrong type of a field", `{"count":"3"}`, 400, `field "count" must not be a JSON string`},
		{"wrong type of an inner field", `{"in":{"flag":1}}`, 400, `field "in.flag" must not be a JSON number`},
		{"wrong type of all", `[]`, 400, "the request body must not be a JSON array"},
		{"empty", " \n", 400, "the request body is empty"},
		{"no JSON", `{"name":`, 400, "the request body is not valid JSON"},
		{"two values", `{} {}`, 400, "the request body is not valid JSON"},
		{"too large", `{"name":"` + strings.Repeat("x", 54) + `"}`, 413, "request body too large"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var v struct {
				Name  string `json:"name"`
				Count int    `json:"count"`
				In    struct {
					Flag bool `json:"flag"`
				} `json:"in"`
			}
			r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(tt.body))
			err := DecodeJSON(httptest.NewRecorder(), r, 64, &v)
			if tt.status == 0 {
				if err != nil || v.Name == "" {
					t.Fatalf("got %+v, %v", v, err)
				}
				return
			}
			if status, message := Status(err); status != tt.status || message != tt.message {
				t.Errorf("got %d %q, want %d %q", status, message, tt.status, tt.message)
			}
		})
	}
}

func TestABodyThatBreaksOffIsTheClientsFault(t *testing.T) {
	r := httptest.NewRequest(http.MethodPost, "/", failingReader{})
	_, err := ReadBody(httptest.NewRecorder(), r, 10)
	var bad *BadRequestError
	if !errors.As(err, &bad) || bad.Unwrap() == nil || !strings.Contains(err.Error(), "disk") {
		t.Errorf("got %v", err)
	}
}

func TestWhatCannotBeEncodedIsNotBegun(t *testing.T) {
	rec := httptest.NewRecorder()
	if err := JSON(rec, http.StatusOK, func() {}); err == nil {
		t.Error("no error")
	}
	if len(rec.Header()) != 0 || rec.Body.Len() != 0 {
		t.Errorf("wrote %v %q", rec.Header(), rec.Body)
	}
}

// hasty is in a hurry where a server would wait for long.
type hasty struct{ http.ResponseWriter }

func (h hasty) SetReadDeadline(t time.Time) error {
	if !t.IsZero() {
		t = time.Now().Add(50 * time.Millisecond)
	}
	return http.NewResponseController(h.ResponseWriter).SetReadDeadline(t)
}

func (h hasty) Unwrap() http.ResponseWriter { return h.ResponseWriter }

func TestABodyThatDoesNotComeIsNotWaitedFor(t *testing.T) {
	srv := httptest.NewServer(Handler(nil, func(w http.ResponseWriter, r *http.Request) error {
		var v any
		return DecodeJSON(hasty{w}, r, 1<<10, &v)
	}))
	defer srv.Close()
	conn, err := net.Dial("tcp", srv.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{"); err != nil {
		t.Fatal(err)
	}
	_ = conn.SetReadDeadline(time.Now().Add(20 * time.Second))
	answer, err := io.ReadAll(conn) // to the end: the server hangs up
	if err != nil || !strings.HasPrefix(string(answer), "HTTP/1.1 408 ") {
		t.Errorf("%q, %v", answer, err)
	}
}

func TestAFastBodyLeavesNoDeadlineBehind(t *testing.T) {
	srv := httptest.NewServer(Handler(nil, func(w http.ResponseWriter, r *http.Request) error {
		if _, err := ReadBody(hasty{w}, r, 1<<10); err != nil {
			return err
		}
		select {
		case <-r.Context().Done():
			return errors.New("the deadline of the body ended the request")
		case <-time.After(200 * time.Millisecond):
			w.WriteHeader(http.StatusNoContent)
			return nil
		}
	}))
	defer srv.Close()
	res, err := srv.Client().Post(srv.URL, "application/json", strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusNoContent {
		t.Errorf("%d", res.StatusCode)
	}
}

func TestDeepJSONIsABadRequest(t *testing.T) {
	r := httptest.NewRequest("POST", "/", strings.NewReader(`{"a":`+strings.Repeat("[", 500_000)))
	var v any
	err := DecodeJSON(httptest.NewRecorder(), r, 1<<20, &v)
	if status, message := Status(err); status != http.StatusBadRequest || len(message) > 100 {
		t.Errorf("%d %s", status, message)
	}
}

func TestALongNumberIsNotRepeated(t *testing.T) {
	for _, body := range []string{`{"n":` + strings.Repeat("9", 60_000) + `}`, strings.Repeat("9", 60_000)} {
		var v struct{ N int }
		err := DecodeJSON(httptest.NewRecorder(), httptest.NewRequest("POST", "/", strings.NewReader(body)), 1<<20, &v)
		if status, message := Status(err); status != http.StatusBadRequest || len(message) > 100 || !strings.Contains(message, "must not be a JSON number") {
			t.Errorf("%d %.200s", status, message)
		}
	}
}
