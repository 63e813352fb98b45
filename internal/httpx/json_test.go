package httpx

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
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
