package httpapi

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"html/template"
	"net/http"
	"net/url"
	"path"
	"strings"

	"github.com/owncast-go/owncast/internal/httpx"
)

const maxGateBody = 8 << 10

const gateStyle = `body{font:1rem/1.5 system-ui,sans-serif;margin:0;min-height:100vh;display:grid;place-items:center;` +
	`background:#14141f;color:#eee}form{display:grid;gap:.75rem;width:min(20rem,90vw)}` +
	`input,button{font:inherit;padding:.6rem;border-radius:.4rem;border:1px solid #667;background:#222231;color:inherit}` +
	`button{background:#6d5cf0;border-color:#6d5cf0;color:#fff;cursor:pointer}p{margin:0;color:#ff9d9d}`

const gatePage = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>Passphrase</title>
<style>{{.Style}}</style>
</head>
<body>
<form method="post" action="{{.Action}}">
<label for="passphrase">This stream asks for a passphrase.</label>
{{with .Problem}}<p role="alert">{{.}}</p>
{{end}}<input id="passphrase" name="passphrase" type="password" autocomplete="current-password" required autofocus>
<input name="to" type="hidden" value="{{.To}}">
<button>Watch</button>
</form>
</body>
</html>
`

// form answers with the page that asks for the passphrase, as 401. It posts
// to the path of the login and is shown anywhere, so that nobody is sent to
// another address and back.
func (g *gate) form(w http.ResponseWriter, r *http.Request, to, problem string) error {
	tmpl, err := template.New("").Parse(gatePage)
	if err != nil {
		return err
	}
	var page bytes.Buffer
	if err := tmpl.Execute(&page, map[string]any{
		"Style": template.CSS(gateStyle), "Action": up(r.URL.Path) + strings.TrimPrefix(gateLogin, "/"), //nolint:gosec // ours
		"To": to, "Problem": problem,
	}); err != nil {
		return err
	}
	sum := sha256.Sum256([]byte(gateStyle))
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'sha256-"+base64.StdEncoding.EncodeToString(sum[:])+
		"'; form-action 'self'; base-uri 'none'; frame-ancestors 'self'")
	httpx.NoCache(h)
	status := http.StatusUnauthorized
	if r.Method != http.MethodPost && r.URL.Path == gateLogin {
		status = http.StatusOK
	}
	w.WriteHeader(status)
	_, err = w.Write(page.Bytes())
	return err
}

// login shows the form, and takes it.
func (g *gate) login(w http.ResponseWriter, r *http.Request) error {
	switch r.Method {
	case http.MethodGet, http.MethodHead:
		return g.form(w, r, "", "")
	case http.MethodPost:
	default:
		w.Header().Set("Allow", "GET, HEAD, POST")
		return httpx.ErrMethodNotAllowed
	}
	if err := g.api.origin.Check(r); err != nil {
		return errors.Join(httpx.ErrForbidden, err)
	}
	body, err := httpx.ReadBody(w, r, maxGateBody)
	if err != nil {
		return err
	}
	fields, err := url.ParseQuery(string(body))
	if err != nil {
		return httpx.BadRequest("the request body is not that of a form")
	}
	token, err := g.SignIn(r, fields.Get("passphrase"))
	if errors.Is(err, httpx.ErrUnauthorized) {
		return g.form(w, r, fields.Get("to"), "That is not the passphrase.")
	}
	if err != nil {
		return err
	}
	expires, _ := g.check(token)
	http.SetCookie(w, g.Cookie(r, token, expires))
	httpx.NoCache(w.Header())
	w.Header().Set("Location", up(gateLogin)+within(fields.Get("to")))
	w.WriteHeader(http.StatusSeeOther)
	return nil
}

// within returns to if it is a place below the App, seen from its root, and ""
// otherwise: nobody can be led elsewhere.
func within(to string) string {
	u, err := url.Parse(to)
	if err != nil || u.Scheme != "" || u.Host != "" || u.User != nil || u.Opaque != "" || strings.ContainsAny(u.Path, "\\\r\n") {
		return ""
	}
	if clean := path.Clean("/" + u.Path); clean != "/"+u.Path && clean+"/" != "/"+u.Path {
		return ""
	}
	return (&url.URL{Path: u.Path, RawQuery: u.RawQuery}).String()
}
