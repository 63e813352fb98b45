package httpapi

import (
	"context"
	"errors"
	"fmt"
	"html"
	"net/http"
	"net/url"
	"strings"

	"github.com/owncast-go/owncast/internal/httpx"
	"github.com/owncast-go/owncast/internal/indieauth"
)

// providerPath is where other sites ask whether somebody is the channel.
const providerPath = "/api/auth/provider/indieauth"

const maxProviderBody = 16 << 10

// Form tells whether a route takes the body of an HTML form, and nothing else.
func (rt Route) Form() bool { return rt.MaxBody > 0 && strings.HasPrefix(rt.Path, providerPath) }

// indieAuthServer proves to other sites who the channel is.
type indieAuthServer interface {
	Ask(ctx context.Context, q url.Values, me string) (indieauth.Request, error)
	Decide(id string, approve bool) (req indieauth.Request, location string, ok bool)
	Redeem(form url.Values) (me string, err error)
}

// providerRoot is publicRoot for what is not there without it.
func (a *api) providerRoot(ctx context.Context) (string, error) {
	root, err := a.publicRoot(ctx)
	if err == nil && root == "" {
		err = httpx.ErrNotFound
	}
	return root, err
}

// askIndieAuth asks an administrator whether another site may know. Whoever
// leads an administrator's browser here gets nothing without the answer.
func (a *api) askIndieAuth(w http.ResponseWriter, r *http.Request) error {
	root, err := a.providerRoot(r.Context())
	if err != nil {
		return err
	}
	req, err := a.Provider.Ask(r.Context(), r.URL.Query(), root)
	refused, back := new(indieauth.RefusedError), new(indieauth.ReturnError)
	switch {
	case errors.As(err, &back):
		return leave(w, back.Location)
	case errors.As(err, &refused):
		return a.refuseSite(w, r, refused)
	case err != nil:
		return err
	}
	client, redirect := siteOf(req.ClientID), siteOf(req.RedirectURI)
	say := textsFor(r.Header.Values("Accept-Language"))
	body := "<main>\n<h1>" + fmt.Sprintf(say.question, html.EscapeString(client.Host)) + "</h1>\n<dl>\n<dt>" + say.site + "</dt>\n<dd>" + html.EscapeString(req.ClientID) +
		"</dd>\n<dt>" + say.known + "</dt>\n<dd>" + html.EscapeString(req.Me) + "</dd>\n"
	if redirect.Host != client.Host {
		body += "<dt>" + say.answer + "</dt>\n<dd>" + html.EscapeString(redirect.Host) + "</dd>\n"
	}
	body += "</dl>\n<form method=\"post\" action=\"" + up(r.URL.Path) + strings.TrimPrefix(providerPath, "/") + "/decision\">\n" +
		"<input name=\"request\" type=\"hidden\" value=\"" + html.EscapeString(req.ID) + "\">\n" +
		"<button name=\"decision\" value=\"approve\">" + say.signIn + "</button>\n<button name=\"decision\" value=\"deny\">" + say.cancel + "</button>\n</form>\n</main>\n"
	// Browsers hold the place that the form leads on to against the policy, too.
	return writePlain(w, http.StatusOK, say.lang, say.signIn, body, sourceOf(redirect))
}

// siteOf reads a URL that was checked before.
func siteOf(rawURL string) *url.URL {
	u, err := url.Parse(rawURL)
	if err != nil {
		return &url.URL{}
	}
	return u
}

// sourceOf is the origin of a URL as a source of a policy. A host that cannot
// be one, which no client that is asked about has, is none.
func sourceOf(u *url.URL) string {
	if u.Host == "" || strings.ContainsAny(u.Host, " ;,'\"") {
		return "'self'"
	}
	return u.Scheme + "://" + u.Host
}

func (a *api) refuseSite(w http.ResponseWriter, r *http.Request, refused *indieauth.RefusedError) error {
	a.Logger.InfoContext(r.Context(), "a site cannot ask who the channel is", "err", refused)
	say := textsFor(r.Header.Values("Accept-Language"))
	return writePlain(w, http.StatusBadRequest, say.lang, say.refused, "<main>\n<h1>"+say.failing+"</h1>\n"+reason(refused.Text)+"</main>\n", "")
}

// leave sends a browser to another site, which does not learn from where.
func leave(w http.ResponseWriter, location string) error {
	h := w.Header()
	h.Set("Location", location)
	h.Set("Referrer-Policy", "no-referrer")
	httpx.NoCache(h)
	w.WriteHeader(http.StatusSeeOther) // a form is not sent on
	return nil
}

// decideIndieAuth takes the answer of an administrator.
func (a *api) decideIndieAuth(w http.ResponseWriter, r *http.Request) error {
	form, err := readForm(w, r, maxProviderBody)
	if err != nil {
		return err
	}
	decision := form.Get("decision")
	if decision != "approve" && decision != "deny" {
		return httpx.BadRequest(`field "decision" is neither "approve" nor "deny"`)
	}
	req, location, ok := a.Provider.Decide(form.Get("request"), decision == "approve")
	if !ok {
		return httpx.BadRequest("the request is answered already, or too old: begin again at the site")
	}
	target(r, decision+" "+req.ClientID)
	return leave(w, location)
}

// readForm reads the body of an HTML form.
func readForm(w http.ResponseWriter, r *http.Request, limit int64) (url.Values, error) {
	body, err := httpx.ReadBody(w, r, limit)
	if err != nil {
		return nil, err
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, httpx.BadRequest("the request body is not that of a form")
	}
	return form, nil
}

// profileBody is what a site learns (section 5.3.4 of the specification).
type profileBody struct {
	Me      string        `json:"me"`
	Profile profileFields `json:"profile"`
}

type profileFields struct {
	Name  string `json:"name"`
	URL   string `json:"url"`
	Photo string `json:"photo"`
}

// grantErrorBody refuses a code (RFC 6749, section 5.2).
type grantErrorBody struct {
	Error       string `json:"error"`
	Description string `json:"error_description"`
}

// redeemIndieAuth tells a site, by the code it was sent, who the channel is.
func (a *api) redeemIndieAuth(w http.ResponseWriter, r *http.Request) error {
	form, err := readForm(w, r, maxProviderBody)
	if err != nil {
		return err
	}
	me, err := a.Provider.Redeem(form)
	if bad := new(indieauth.GrantError); errors.As(err, &bad) {
		return httpx.JSON(w, http.StatusBadRequest, grantErrorBody{bad.Code, bad.Description})
	}
	if err != nil {
		return err
	}
	i, err := a.Settings.Instance.Peek(r.Context())
	if err != nil {
		return err
	}
	return httpx.JSON(w, http.StatusOK, profileBody{Me: me, Profile: profileFields{Name: i.Name, URL: me, Photo: me + "logo/external"}})
}

// describeIndieAuth tells other sites how to ask.
func (a *api) describeIndieAuth(w http.ResponseWriter, r *http.Request) error {
	root, err := a.providerRoot(r.Context())
	if err != nil {
		return err
	}
	w.Header().Set("Access-Control-Allow-Origin", "*")
	return httpx.JSON(w, http.StatusOK, indieauth.Describe(root, root+strings.TrimPrefix(providerPath, "/")))
}
