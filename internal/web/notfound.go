package web

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/owncast-go/owncast/internal/httpx"
)

// errorText needs no file of the application, so that it is right for every
// host's own. It says its colors without a style, which the policy forbids.
const errorText = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>%[1]s</title>
</head>
<body>
<h1>%[1]s</h1>
<p><a href="%[2]s">To the stream</a></p>
</body>
</html>
`

func notFound(w http.ResponseWriter, r *http.Request) error {
	return errorPage(w, r, http.StatusNotFound, "Not found")
}

// errorPage answers with a page for people, or with JSON for programs.
func errorPage(w http.ResponseWriter, r *http.Request, status int, title string) error {
	if !strings.Contains(r.Header.Get("Accept"), "text/html") {
		return httpx.JSON(w, status, map[string]string{"error": strings.ToLower(title)})
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	httpx.NoCache(h)
	w.WriteHeader(status)
	// The way back is relative too: wherever the application is mounted, it
	// is as many steps up as the path is deep.
	home := "./" + strings.Repeat("../", max(0, strings.Count(r.URL.Path, "/")-1))
	if _, err := fmt.Fprintf(w, errorText, title, home); err != nil {
		return fmt.Errorf("write page: %w", err)
	}
	return nil
}
