package httpapi

import (
	"cmp"
	"context"
	"encoding/hex"
	"errors"
	"html"
	"net/http"
	"strings"
	"time"

	"github.com/owncast-go/owncast/chat"
	"github.com/owncast-go/owncast/internal/httpx"
	"github.com/owncast-go/owncast/internal/indieauth"
	"github.com/owncast-go/owncast/repository"
)

// maxAuthBody is how large what users of the chat send to prove who they are
// may be.
const maxAuthBody = 4 << 10

// noProofNeeded is for users whom the host knows.
const noProofNeeded = "users of this site have no need to prove who they are"

// indieAuthCallback is where people come back from their sites.
const indieAuthCallback = "/api/auth/indieauth/callback"

// indieAuthClient proves who users of the chat are.
type indieAuthClient interface {
	Begin(context.Context, indieauth.Start) (indieauth.Started, error)
	Finish(context.Context, indieauth.Callback) (indieauth.Proof, error)
	Life() time.Duration
}

func identityRoutes() []Route {
	return []Route{
		{"POST", "/api/auth/indieauth", ChatUser, maxAuthBody, mediaJSON, (*api).beginIndieAuth},
		{"GET", indieAuthCallback, Anyone, 0, "", (*api).finishIndieAuth},
		{"POST", providerPath, Anyone, maxProviderBody, mediaJSON, (*api).redeemIndieAuth},
		{"GET", providerPath, Admin, 0, mediaHTML, (*api).askIndieAuth},
		{"POST", providerPath + "/decision", Admin, maxProviderBody, "", (*api).decideIndieAuth},
		{"GET", providerPath + "/metadata", Anyone, 0, mediaJSON, (*api).describeIndieAuth},
		{"POST", "/api/auth/fediverse", ChatUser, maxAuthBody, mediaJSON, (*api).sendCode},
		{"POST", "/api/auth/fediverse/verify", ChatUser, maxAuthBody, mediaJSON, (*api).verifyCode},
	}
}

// publicRoot is the URL that the channel is known by elsewhere: that of the
// settings with a slash at the end, if it is https, and otherwise "".
func (a *api) publicRoot(ctx context.Context) (string, error) {
	i, err := a.Settings.Instance.Peek(ctx)
	if err != nil || !strings.HasPrefix(i.ServerURL, "https://") {
		return "", err
	}
	return strings.TrimSuffix(i.ServerURL, "/") + "/", nil
}

// beginIndieAuth tells a user where to sign in. Only the browser that asks can
// come back from there.
func (a *api) beginIndieAuth(w http.ResponseWriter, r *http.Request) error {
	var body struct {
		AuthHost string `json:"authHost"`
	}
	if err := httpx.DecodeJSON(w, r, maxAuthBody, &body); err != nil {
		return err
	}
	root, err := a.publicRoot(r.Context())
	if err != nil {
		return err
	}
	token := chatToken(r)
	switch {
	case root == "":
		return httpx.BadRequest("Owncast server URL must be set when using auth")
	case token == "":
		return httpx.BadRequest(noProofNeeded)
	case strings.TrimSpace(body.AuthHost) == "":
		return httpx.BadRequest(`field "authHost" is missing`)
	}
	started, err := a.IndieAuth.Begin(r.Context(), indieauth.Start{
		Profile: body.AuthHost, ClientID: root, RedirectURI: root + strings.TrimPrefix(indieAuthCallback, "/"),
		User: caller(r).ID, Token: token, Address: a.ClientIP(r),
	})
	if err != nil {
		return told(err)
	}
	http.SetCookie(w, &http.Cookie{
		Name: indieAuthCookie(started.State), Value: started.Browser, Path: "/", MaxAge: int(a.IndieAuth.Life().Seconds()),
		HttpOnly: true, Secure: true, SameSite: http.SameSiteLaxMode,
	})
	return httpx.JSON(w, http.StatusOK, map[string]string{"redirect": started.Redirect})
}

// indieAuthCookie is the name of the cookie that a browser has for a sign-in.
// Its prefix keeps other hosts, and http, from setting it.
func indieAuthCookie(state string) string {
	sum := repository.HashSecret(state)
	return "__Host-owncast-indieauth-" + hex.EncodeToString(sum[:6])
}

// told makes errors of sign-ins those of the API.
func told(err error) error {
	refused, busy := new(indieauth.RefusedError), new(indieauth.BusyError)
	switch {
	case errors.As(err, &refused):
		return &httpx.BadRequestError{Message: refused.Text, Err: err}
	case errors.As(err, &busy):
		return httpx.TooManyRequests(busy.RetryAfter)
	default:
		return err
	}
}

// finishIndieAuth takes who comes back, and leads to the page. It answers
// people, not programs.
func (a *api) finishIndieAuth(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	name := indieAuthCookie(q.Get("state"))
	back := indieauth.Callback{State: q.Get("state"), Code: q.Get("code"), Issuer: q.Get("iss"), Error: q.Get("error")}
	if c, err := r.Cookie(name); err == nil {
		back.Browser = c.Value
		http.SetCookie(w, &http.Cookie{Name: name, Path: "/", MaxAge: -1, HttpOnly: true, Secure: true, SameSite: http.SameSiteLaxMode})
	}
	proof, err := a.IndieAuth.Finish(r.Context(), back)
	if err == nil {
		err = a.prove(r, proof.Token, repository.IdentityIndieAuth, proof.Profile)
	}
	if err != nil {
		return a.goBack(w, r, err)
	}
	h := w.Header()
	h.Set("Location", up(indieAuthCallback))
	h.Set("Referrer-Policy", "no-referrer")
	httpx.NoCache(h)
	w.WriteHeader(http.StatusTemporaryRedirect)
	return nil
}

// prove tells the chat who somebody is, and writes it down.
func (a *api) prove(r *http.Request, token, kind, subject string) error {
	addr := a.ClientIP(r)
	if err := a.Chat.CheckAddress(r.Context(), addr); err != nil {
		return err
	}
	u, err := a.Chat.LinkIdentity(r.Context(), token, kind, subject)
	if err != nil {
		return err
	}
	a.record(r, actor{id: u.ID, name: u.DisplayName}, kind+" "+subject, http.StatusOK)
	return nil
}

// goBack says why somebody is not signed in.
func (a *api) goBack(w http.ResponseWriter, r *http.Request, err error) error {
	status, text := http.StatusBadRequest, ""
	refused := new(indieauth.RefusedError)
	switch {
	case errors.As(err, &refused):
		text = refused.Text
	case errors.Is(err, chat.ErrBanned), errors.Is(err, chat.ErrUserDisabled):
		status, text = http.StatusForbidden, "you may not take part in this chat"
	case errors.Is(err, chat.ErrUnknownUser):
		text = "the user of the chat who has begun is gone"
	case errors.Is(err, chat.ErrIdentities):
		text = "you have proved to be at too many places already"
	default:
		return told(err)
	}
	a.Logger.InfoContext(r.Context(), "sign-in with a site failed", "err", err, "from", cmp.Or(address(a.ClientIP(r)), "nowhere"))
	say := textsFor(r.Header.Values("Accept-Language"))
	return writePlain(w, status, say.lang, say.stranger, "<main>\n<h1>"+say.failed+"</h1>\n"+reason(text)+
		"<p><a href=\""+up(r.URL.Path)+"\">"+say.back+"</a></p>\n</main>\n", "")
}

// reason makes a sentence, as HTML, of a text that says in English what is
// wrong.
func reason(text string) string {
	if text == "" {
		return ""
	}
	return "<p lang=\"en\">" + html.EscapeString(strings.ToUpper(text[:1])+text[1:]) + ".</p>\n"
}
