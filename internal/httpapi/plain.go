package httpapi

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"html"
	"net/http"

	"github.com/owncast-go/owncast/internal/httpx"
)

// plainPage is a page of the server itself. It has places for the language, the
// title, the style and the body.
const plainPage = `<!doctype html>
<html lang="%s">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>%s</title>
<style>%s</style>
</head>
<body>
%s</body>
</html>
`

const plainStyle = `body{font:1rem/1.5 system-ui,sans-serif;margin:0;min-height:100vh;display:grid;place-items:center;` +
	`background:#14141f;color:#eee}main{width:min(26rem,90vw);overflow-wrap:anywhere}h1{font-size:1.3rem}` +
	`a{color:#a99cff}dt{color:#aab}dd{margin:0 0 .75rem}form{display:flex;gap:.75rem}` +
	`button{font:inherit;padding:.6rem 1.2rem;border-radius:.4rem;border:1px solid #667;background:#222231;color:inherit;cursor:pointer}` +
	`button[value=approve]{background:#6d5cf0;border-color:#6d5cf0;color:#fff}`

// writePlain answers with a page in a language. body is HTML; forms of it may
// lead to its own origin and to formTarget, which is an origin or "".
func writePlain(w http.ResponseWriter, status int, lang, title, body, formTarget string) error {
	sum := sha256.Sum256([]byte(plainStyle))
	actions := "'none'"
	if formTarget != "" {
		actions = "'self' " + formTarget
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Language", lang)
	h.Add("Vary", "Accept-Language")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'sha256-"+base64.StdEncoding.EncodeToString(sum[:])+
		"'; form-action "+actions+"; base-uri 'none'; frame-ancestors 'none'")
	httpx.NoCache(h)
	w.WriteHeader(status)
	_, err := fmt.Fprintf(w, plainPage, lang, html.EscapeString(title), plainStyle, body)
	return err
}
