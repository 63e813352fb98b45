package httpapi

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"html"
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

// gatePage has places for the style, the action, a problem and what was asked
// for. It is no template: the packages for those add 3 MB to a program.
const gatePage = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>Passphrase</title>
<style>%s</style>
</head>
<body>
<form method="post" action="%s">
<label for="passphrase">This stream asks for a passphrase.</label>
%s<input id="passphrase" name="passphrase" type="password" autocomplete="current-password" required autofocus>
<input name="to" type="hidden" value="%s">
<button>Watch</button>
</form>
</body>
</html>
`

// form answers with the page that asks for the passphrase, as 401. It posts
// to the path of the login and is shown anywhere, so that nobody is sent to
// another address and back.
func (g *gate) form(w http.ResponseWriter, r *http.Request, to, problem string) error {
	if problem != "" {
		problem = "<p role=\"alert\">" + html.EscapeString(problem) + "</p>\n"
	}
	action := up(r.URL.Path) + strings.TrimPrefix(gateLogin, "/")
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
	_, err := fmt.Fprintf(w, gatePage, gateStyle, html.EscapeString(action), problem, html.EscapeString(to))
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
