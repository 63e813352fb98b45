package indieauth

import (
	"context"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/owncast-go/owncast/internal/auth"
)

// maxAsked is how many requests wait for an answer, and how many codes to be
// redeemed.
const maxAsked = 100

// ServerConfig is what [NewServer] needs.
type ServerConfig struct {
	// Fetch reads documents of strangers, and follows some redirects. It is
	// guarded.
	Fetch *http.Client
	Now   func() time.Time // nil is time.Now
}

// Server lets the channel prove to other sites that its URL is its own. Create
// one with [NewServer]. It is safe for concurrent use.
type Server struct {
	fetch *http.Client
	asked *auth.Tickets[Request]
	codes *auth.Tickets[grant]
}

// NewServer returns a Server.
func NewServer(c ServerConfig) *Server {
	return &Server{
		fetch: c.Fetch,
		asked: auth.NewTickets[Request](auth.TicketLimits{Life: pendingLife, Total: maxAsked, PerOwner: maxAsked}, c.Now),
		codes: auth.NewTickets[grant](auth.TicketLimits{Life: codeLife, Total: maxAsked, PerOwner: maxAsked}, c.Now),
	}
}

// Request is another site that wants to know whether somebody is the channel
// (section 5.2).
type Request struct {
	ID          string // a secret, for Decide
	ClientID    string // the site's URL, in canonical form
	RedirectURI string // where the answer goes to, in canonical form
	Me          string // the channel's URL, which is also the issuer

	sentID, sentRedirect string // as they were sent
	state                string
	challenge            string
}

// grant is what a code stands for.
type grant struct{ sentID, redirect, challenge, me string }

// ReturnError is a request that the site is to be told the end of: send the
// browser to Location.
type ReturnError struct {
	Location string
	Code     string // of RFC 6749, section 4.1.2.1
}

func (e *ReturnError) Error() string { return "indieauth: " + e.Code }

// Ask looks at the parameters of a request to the authorization endpoint. me is
// the channel's URL. The error is a [*RefusedError], to be shown, a
// [*ReturnError], or that of ctx.
func (s *Server) Ask(ctx context.Context, q url.Values, me string) (Request, error) {
	req := Request{
		Me: me, sentID: q.Get("client_id"), sentRedirect: q.Get("redirect_uri"),
		state: q.Get("state"), challenge: q.Get("code_challenge"),
	}
	var err error
	if req.ClientID, err = ClientURL(req.sentID); err != nil {
		return req, refuse("the site that sent you here does not say who it is", err)
	}
	if req.RedirectURI, err = s.redirectOf(ctx, req); err != nil {
		return req, err
	}
	problem := ""
	switch kind := q.Get("response_type"); {
	case kind != "" && kind != "code" && kind != "id": // the last two are those of older clients
		problem = "unsupported_response_type"
	case req.state == "" || len(req.state) > maxParameter || !isChallenge(req.challenge) || q.Get("code_challenge_method") != "S256":
		problem = "invalid_request"
	}
	if problem != "" {
		return req, &ReturnError{Location: answer(req, "error", problem), Code: problem}
	}
	// The oldest make place for new ones.
	id, ok := s.asked.Issue("", req)
	if !ok {
		return req, refuse("too many sites ask at the same time", nil)
	}
	req.ID = id
	return req, nil
}

// isChallenge tells whether a value can be a SHA-256 hash (RFC 7636, section
// 4.2).
func isChallenge(s string) bool {
	return len(s) == 43 && !strings.ContainsFunc(s, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-' && r != '_'
	})
}

// redirectOf returns where a site has the answer sent to, in canonical form: to
// a URL of its own scheme, host and port, or one that it publishes (section
// 4.2.2).
func (s *Server) redirectOf(ctx context.Context, req Request) (string, error) {
	const text = "the site that sent you here wants the answer sent to another one"
	client, err := url.Parse(req.ClientID)
	if err != nil {
		return "", refuse(text, err)
	}
	redirect, err := parse(req.sentRedirect)
	if err != nil {
		return "", refuse("the site that sent you here does not say where to go back to", err)
	}
	if origin(redirect) == origin(client) {
		return redirect.String(), nil
	}
	if redirect.Scheme != "https" && !loopback(redirect.Hostname()) || loopback(client.Hostname()) {
		return "", refuse(text, errScheme) // and nothing of this machine is fetched
	}
	published, err := s.published(ctx, req.ClientID)
	if err != nil && ctx.Err() != nil {
		return "", err
	}
	is := func(other string) bool {
		u, err := parse(other)
		return err == nil && u.String() == redirect.String()
	}
	if err != nil || !slices.ContainsFunc(published, is) {
		return "", refuse(text, err)
	}
	return redirect.String(), nil
}

// published are the redirect URLs that a client names: in its metadata, if its
// id is the URL of that, or else in links.
func (s *Server) published(ctx context.Context, clientID string) ([]string, error) {
	res, err := get(ctx, s.fetch, clientID, mediaJSON+", "+mediaHTML+";q=0.9")
	if err != nil {
		return nil, err
	}
	if media, _, err := mime.ParseMediaType(res.Header.Get("Content-Type")); err == nil && media == mediaJSON {
		var m struct {
			ClientID string   `json:"client_id"`
			Redirect []string `json:"redirect_uris"`
		}
		if err := readJSON(res, &m); err != nil {
			return nil, err
		}
		if id, err := ClientURL(m.ClientID); err != nil || id != clientID {
			return nil, errors.New("the client's metadata is another client's")
		}
		return m.Redirect, nil
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%w: %d", errStatus, res.StatusCode)
	}
	at := res.Request.URL
	links := absolute(headerLinks(res.Header), at)
	if isHTML(res.Header) {
		body, base, err := documentLinks(res.Body, func(link) bool { return false })
		if err != nil {
			return nil, err
		}
		links = append(links, absolute(body, rebase(at, base))...)
	}
	var published []string
	for _, l := range links {
		if l.has(relRedirect) {
			published = append(published, l.href)
		}
	}
	return published, nil
}

// Decide ends a request, which can be done once, and returns it, and where the
// browser is to go to. It returns false if there is no such request any more.
func (s *Server) Decide(id string, approve bool) (req Request, location string, ok bool) {
	req, ok = s.asked.Take(id)
	if !ok {
		return req, "", false
	}
	if !approve {
		return req, answer(req, "error", "access_denied"), true
	}
	code, ok := s.codes.Issue("", grant{req.sentID, req.sentRedirect, req.challenge, req.Me})
	if !ok {
		return req, answer(req, "error", "temporarily_unavailable"), true
	}
	return req, answer(req, "code", code), true
}

// answer is the URL that tells a site of something (section 5.2.1).
func answer(req Request, key, value string) string {
	u, err := url.Parse(req.RedirectURI)
	if err != nil {
		return ""
	}
	q := u.Query()
	for _, name := range []string{"code", "error", "error_description"} {
		q.Del(name)
	}
	q.Set(key, value)
	q.Set("iss", req.Me)
	if req.state != "" {
		q.Set("state", req.state)
	}
	u.RawQuery = q.Encode()
	return u.String()
}

// GrantError refuses a code (RFC 6749, section 5.2).
type GrantError struct{ Code, Description string }

func (e *GrantError) Error() string { return "indieauth: " + e.Code + ": " + e.Description }

// Redeem returns the channel's URL for the form that a site sends with a code.
// A code is worth nothing after the first try, whatever comes of it.
func (s *Server) Redeem(form url.Values) (me string, err error) {
	if kind := form.Get("grant_type"); kind != "" && kind != "authorization_code" {
		return "", &GrantError{"unsupported_grant_type", "only codes are redeemed"}
	}
	verifier := form.Get("code_verifier")
	if verifier == "" {
		verifier = form.Get("codeVerifier") // as the description of other such servers has it
	}
	g, ok := s.codes.Take(form.Get("code"))
	switch {
	case !ok:
		return "", &GrantError{"invalid_grant", "the code is wrong, was used, or is too old"}
	case !same(form.Get("client_id"), g.sentID):
		return "", &GrantError{"invalid_grant", "the code is not for this client_id"}
	case !same(form.Get("redirect_uri"), g.redirect):
		return "", &GrantError{"invalid_grant", "the code is not for this redirect_uri"}
	case len(verifier) < 43 || len(verifier) > 128 || !same(challenge(verifier), g.challenge):
		return "", &GrantError{"invalid_grant", "the code_verifier does not match"}
	}
	return g.me, nil
}

// Metadata is the document that describes the Server to clients (section
// 4.1.1).
type Metadata struct {
	Issuer        string   `json:"issuer"`
	Endpoint      string   `json:"authorization_endpoint"`
	ResponseTypes []string `json:"response_types_supported"`
	GrantTypes    []string `json:"grant_types_supported"`
	Methods       []string `json:"code_challenge_methods_supported"`
	IssInside     bool     `json:"authorization_response_iss_parameter_supported"`
}

// Describe returns the Metadata of a channel's URL and endpoint.
func Describe(me, endpoint string) Metadata {
	return Metadata{
		Issuer: me, Endpoint: endpoint, ResponseTypes: []string{"code"},
		GrantTypes: []string{"authorization_code"}, Methods: []string{"S256"}, IssInside: true,
	}
}
