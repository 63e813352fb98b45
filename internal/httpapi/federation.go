package httpapi

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/owncast-go/owncast/federation"
	"github.com/owncast-go/owncast/internal/httpx"
	"github.com/owncast-go/owncast/repository"
)

// federator is what the routes of the federation ask.
type federator interface {
	Handler() http.Handler
	WellKnown() http.Handler
	Post(ctx context.Context, markdown string) (iri string, err error)
	Message(ctx context.Context, account, html string) error
	Approve(ctx context.Context, actorIRI string) error
	Block(ctx context.Context, actorIRI string) error
	Remove(ctx context.Context, actorIRI string) error
	Servers(ctx context.Context) ([]federation.Server, error)
	AddServer(ctx context.Context, url string) error
	RemoveServer(ctx context.Context, id int64) error
	RemoteFollow(ctx context.Context, account string) (url string, err error)
	RotateKeys(ctx context.Context) error
	Deliveries(ctx context.Context) (federation.DeliveryStatus, error)
}

const (
	maxActorBody  = 8 << 10
	maxPostBody   = 8 * federation.MaxPostRunes
	maxImportBody = 2*federation.MaxCSV + 1<<10

	mediaCSV = "text/csv"
)

func federationRoutes() []Route {
	return []Route{
		{"GET", "/api/followers", Anyone, 0, mediaJSON, (*api).followers},
		{"GET", "/api/federation/servers", Anyone, 0, mediaJSON, (*api).federationServers},
		{"POST", "/api/remotefollow", Anyone, maxActorBody, mediaJSON, (*api).remoteFollow},
		{"GET", "/api/v1/instance", Anyone, 0, mediaJSON, (*api).instanceDocument},

		{"GET", "/api/admin/followers", Admin, 0, mediaJSON, (*api).adminFollowers},
		{"GET", "/api/admin/followers/pending", Admin, 0, mediaJSON, followerList(repository.FollowersPending, repository.FollowersPeople)},
		{"GET", "/api/admin/followers/blocked", Admin, 0, mediaJSON, followerList(repository.FollowersBlocked, repository.FollowersAnyKind)},
		{"GET", "/api/admin/followers/directory", Admin, 0, mediaJSON, followerList(repository.FollowersApproved, repository.FollowersDirectories)},
		{"POST", "/api/admin/followers/approve", Admin, maxActorBody, mediaJSON, (*api).adminApproveFollower},
		{"POST", "/api/admin/followers/remove", Admin, maxActorBody, mediaJSON, (*api).adminRemoveFollower},
		{"GET", "/api/admin/federation/feature-requests", Admin, 0, mediaJSON, (*api).adminFeatureRequests},
		{"GET", "/api/admin/federation/servers", Admin, 0, mediaJSON, (*api).adminServers},
		{"POST", "/api/admin/federation/servers", Admin, maxActorBody, mediaJSON, (*api).adminAddServer},
		{"DELETE", "/api/admin/federation/servers/{id}", Admin, 0, mediaJSON, (*api).adminRemoveServer},
		{"POST", "/api/admin/federation/send", Admin, maxPostBody, mediaJSON, (*api).adminSendPost},
		{"GET", "/api/admin/federation/actions", Admin, 0, mediaJSON, (*api).adminActions},
		{"GET", "/api/admin/federation/deliveries", Admin, 0, mediaJSON, (*api).adminFederationDeliveries},
		{"POST", "/api/admin/federation/keys/rotate", Admin, 0, mediaJSON, (*api).adminRotateKeys},
		{"GET", "/api/admin/federation/blockdomains/export", Admin, 0, mediaCSV, (*api).adminExportDomains},
		{"POST", "/api/admin/federation/blockdomains/import", Admin, maxImportBody, mediaJSON, (*api).adminImportDomains},
	}
}

// mountFederation adds what other servers ask for. Without the part nothing of
// it is there, which is said as such servers say it.
func (a *api) mountFederation(mux *http.ServeMux) {
	off := httpx.Handler(a.Logger, func(http.ResponseWriter, *http.Request) error { return httpx.ErrMethodNotAllowed })
	handler, wellKnown := off, off
	if a.Federation != nil {
		handler, wellKnown = a.Federation.Handler(), a.Federation.WellKnown()
	}
	mux.Handle("/federation/", handler)
	mux.Handle("/nodeinfo/", handler)
	mux.Handle("/.well-known/", wellKnown) // for those that are mounted at the root
}

// federated tells whether a path is for other servers.
func federated(p string) bool {
	return strings.HasPrefix(p, "/federation/") || strings.HasPrefix(p, "/nodeinfo/") || strings.HasPrefix(p, "/.well-known/")
}

func (a *api) instanceDocument(w http.ResponseWriter, r *http.Request) error {
	if a.Federation == nil {
		return httpx.ErrMethodNotAllowed
	}
	a.Federation.Handler().ServeHTTP(w, r)
	return nil
}

// federation is what the page needs to know.
func (a *api) federation(ctx context.Context, i Instance) (federationBody, error) {
	set, err := a.Settings.Federation.Peek(ctx)
	if err != nil || !set.Enabled || !a.Parts.Federation {
		return federationBody{}, err
	}
	body := federationBody{Enabled: true, HideFollowers: set.HideFollowers}
	if u, err := url.Parse(i.ServerURL); err == nil && u.Host != "" {
		body.Account = set.Username + "@" + u.Host
	}
	_, body.FollowerCount, err = a.Followers.Followers(ctx, repository.FollowerQuery{
		State: repository.FollowersApproved, Kind: repository.FollowersPeople, Page: repository.Page{Limit: 1},
	})
	return body, err
}

// followerBody is a follower as clients of such servers know it.
type followerBody struct {
	Link       string     `json:"link"`
	Name       string     `json:"name"`
	Username   string     `json:"username"`
	Image      string     `json:"image"`
	Timestamp  time.Time  `json:"timestamp"`
	DisabledAt *time.Time `json:"disabledAt"`
}

func followerBodies(list []repository.Follower) []followerBody {
	bodies := make([]followerBody, len(list))
	for i, f := range list {
		bodies[i] = followerBody{Link: f.ActorIRI, Name: f.Name, Username: f.Username, Image: f.ImageURL, Timestamp: f.CreatedAt}
		if !f.DisabledAt.IsZero() {
			bodies[i].DisabledAt = &f.DisabledAt
		}
	}
	return bodies
}

// queryPage is the part of a list that a request asks for.
func queryPage(r *http.Request) (repository.Page, error) {
	limit, err := queryInt(r, "limit", pageLimit)
	if err != nil {
		return repository.Page{}, err
	}
	offset, err := queryInt(r, "offset", 0)
	return repository.Page{Offset: offset, Limit: min(max(limit, 1), maxPageLimit)}, err
}

// followers are a part of those who are approved, for everybody, unless they
// are hidden.
func (a *api) followers(w http.ResponseWriter, r *http.Request) error {
	set, err := a.Settings.Federation.Peek(r.Context())
	if err != nil {
		return err
	}
	if set.HideFollowers {
		if _, err := queryPage(r); err != nil {
			return err
		}
		return httpx.JSON(w, http.StatusOK, pageBody[followerBody]{Results: []followerBody{}})
	}
	return a.adminFollowers(w, r)
}

func (a *api) adminFollowers(w http.ResponseWriter, r *http.Request) error {
	page, err := queryPage(r)
	if err != nil {
		return err
	}
	list, total, err := a.Followers.Followers(r.Context(), repository.FollowerQuery{
		State: repository.FollowersApproved, Kind: repository.FollowersPeople, Page: page,
	})
	if err != nil {
		return err
	}
	return httpx.JSON(w, http.StatusOK, pageBody[followerBody]{Total: total, Results: followerBodies(list)})
}

// followerList makes the route of a list of followers.
func followerList(state repository.FollowerState, kind repository.FollowerKind) func(*api, http.ResponseWriter, *http.Request) error {
	return func(a *api, w http.ResponseWriter, r *http.Request) error {
		list, _, err := a.Followers.Followers(r.Context(), repository.FollowerQuery{State: state, Kind: kind})
		if err != nil {
			return err
		}
		return httpx.JSON(w, http.StatusOK, followerBodies(list))
	}
}

func (a *api) adminFeatureRequests(w http.ResponseWriter, r *http.Request) error {
	list, _, err := a.Followers.Followers(r.Context(), repository.FollowerQuery{
		State: repository.FollowersPending, Kind: repository.FollowersDirectories,
	})
	if err != nil {
		return err
	}
	return httpx.JSON(w, http.StatusOK, map[string][]followerBody{"requests": followerBodies(list)})
}

func (a *api) adminApproveFollower(w http.ResponseWriter, r *http.Request) error {
	var body struct {
		ActorIRI string `json:"actorIRI"`
		Approved bool   `json:"approved"`
	}
	if err := httpx.DecodeJSON(w, r, maxActorBody, &body); err != nil {
		return err
	}
	return a.decide(w, r, body.ActorIRI, func(ctx context.Context) error {
		if body.Approved {
			return a.Federation.Approve(ctx, body.ActorIRI)
		}
		return a.Federation.Block(ctx, body.ActorIRI)
	}, "follower updated")
}

func (a *api) adminRemoveFollower(w http.ResponseWriter, r *http.Request) error {
	var body struct {
		ActorIRI string `json:"actorIRI"`
	}
	if err := httpx.DecodeJSON(w, r, maxActorBody, &body); err != nil {
		return err
	}
	return a.decide(w, r, body.ActorIRI, func(ctx context.Context) error {
		return a.Federation.Remove(ctx, body.ActorIRI)
	}, "follower removed")
}

// decide does something about a follower.
func (a *api) decide(w http.ResponseWriter, r *http.Request, actor string, act func(context.Context) error, done string) error {
	if actor == "" {
		return httpx.BadRequest(`field "actorIRI" is required`)
	}
	target(r, actor)
	if a.Federation == nil {
		return refuse(w, http.StatusBadRequest, federationOff)
	}
	err := act(r.Context())
	if errors.Is(err, repository.ErrNotFound) {
		return err
	}
	return a.done(w, err, done)
}

const federationOff = "Federation is disabled"

// done answers for an act of the federation.
func (a *api) done(w http.ResponseWriter, err error, message string) error {
	if err == nil {
		return accept(w, message)
	}
	if text := federationError(err); text != "" {
		return refuse(w, http.StatusBadRequest, text)
	}
	return err
}

// federationError is what people are told of an error of the federation; ""
// for others.
func federationError(err error) string {
	for _, e := range []struct {
		err  error
		text string
	}{
		{federation.ErrDisabled, federationOff},
		{federation.ErrClosed, federationOff},
		{federation.ErrNoServerURL, "The server URL is not set"},
		{federation.ErrFeatured, "Already following this federated server"},
		{federation.ErrTooMany, "There are too many federated servers"},
		{federation.ErrUnsupported, "This server does not support featured streams"},
		{federation.ErrBlocked, "This server is blocked"},
		{federation.ErrRemoteFollow, "This server offers no way to follow from there"},
		{federation.ErrAccount, "There is no such account"},
		{federation.ErrUnreachable, "The server cannot be reached"},
		{federation.ErrText, "The message is empty or too long"},
		{repository.ErrFull, "There are too many deliveries waiting"},
	} {
		if errors.Is(err, e.err) {
			return e.text
		}
	}
	return ""
}

// serverBody is a featured server as clients of such servers know it.
type serverBody struct {
	ID               int64      `json:"id"`
	IRI              string     `json:"iri"`
	URL              string     `json:"url"`
	Status           string     `json:"status"`
	Name             string     `json:"name"`
	LogoURL          string     `json:"logoUrl"`
	IsOnline         bool       `json:"isOnline"`
	StreamTitle      string     `json:"streamTitle"`
	StreamDesc       string     `json:"streamDescription"`
	Tags             []string   `json:"tags"`
	ThumbnailURL     string     `json:"thumbnailUrl"`
	LastSeenOnline   *time.Time `json:"lastSeenOnline"`
	LastStatusUpdate *time.Time `json:"lastStatusUpdate"`
	AddedAt          time.Time  `json:"addedAt"`
	FollowedAt       *time.Time `json:"followedAt"`
}

// servers are those that keep lets through.
func (a *api) servers(ctx context.Context, keep func(federation.Server) bool) ([]serverBody, error) {
	bodies := []serverBody{}
	if a.Federation == nil {
		return bodies, nil
	}
	list, err := a.Federation.Servers(ctx)
	for _, s := range list {
		if !keep(s) {
			continue
		}
		bodies = append(bodies, serverBody{
			ID: s.ID, IRI: s.Actor, URL: s.URL, Status: string(s.Status), Name: s.Name, LogoURL: s.Logo, IsOnline: s.Online,
			StreamTitle: s.Title, StreamDesc: s.Description, Tags: append([]string{}, s.Tags...), ThumbnailURL: s.Thumbnail,
			LastSeenOnline: known(s.OnlineAt), LastStatusUpdate: known(s.UpdatedAt), AddedAt: s.AddedAt, FollowedAt: known(s.FollowedAt),
		})
	}
	return bodies, err
}

// known is a time, or nil for none.
func known(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

func (a *api) federationServers(w http.ResponseWriter, r *http.Request) error {
	list, err := a.servers(r.Context(), func(s federation.Server) bool { return s.Status == federation.ServerAccepted })
	if err != nil {
		return err
	}
	return httpx.JSON(w, http.StatusOK, map[string][]serverBody{"servers": list})
}

func (a *api) adminServers(w http.ResponseWriter, r *http.Request) error {
	list, err := a.servers(r.Context(), func(federation.Server) bool { return true })
	if err != nil {
		return err
	}
	return httpx.JSON(w, http.StatusOK, map[string][]serverBody{"servers": list})
}

// unsupportedBody is a resultBody with a code for programs.
type unsupportedBody struct {
	resultBody
	Code string `json:"code"`
}

func (a *api) adminAddServer(w http.ResponseWriter, r *http.Request) error {
	var body struct {
		URL string `json:"url"`
	}
	if err := httpx.DecodeJSON(w, r, maxActorBody, &body); err != nil {
		return err
	}
	u, err := url.Parse(body.URL)
	if err != nil || u.Scheme != "https" || u.Host == "" {
		return httpx.BadRequest(`field "url" must be a URL of https`)
	}
	target(r, u.Host)
	if a.Federation == nil {
		return refuse(w, http.StatusBadRequest, federationOff)
	}
	err = a.Federation.AddServer(r.Context(), body.URL)
	if errors.Is(err, federation.ErrUnsupported) {
		return httpx.JSON(w, http.StatusBadRequest, unsupportedBody{resultBody{Message: federationError(err)}, "UNSUPPORTED_FEATURED_STREAMS"})
	}
	return a.done(w, err, "Follow request sent successfully. The server will appear in your list once they accept the follow.")
}

func (a *api) adminRemoveServer(w http.ResponseWriter, r *http.Request) error {
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil || a.Federation == nil {
		return httpx.ErrNotFound
	}
	return a.done(w, a.Federation.RemoveServer(r.Context(), id), "Federated server removed successfully")
}

func (a *api) adminSendPost(w http.ResponseWriter, r *http.Request) error {
	text, err := value[string](w, r, "")
	if err != nil {
		return err
	}
	if a.Federation == nil {
		return refuse(w, http.StatusBadRequest, federationOff)
	}
	_, err = a.Federation.Post(r.Context(), text)
	return a.done(w, err, "sent")
}

func (a *api) remoteFollow(w http.ResponseWriter, r *http.Request) error {
	var body struct {
		Account string `json:"account"`
	}
	if err := httpx.DecodeJSON(w, r, maxActorBody, &body); err != nil {
		return err
	}
	if strings.TrimSpace(body.Account) == "" {
		return refuse(w, http.StatusBadRequest, "Remote Fediverse account is required to follow.")
	}
	if a.Federation == nil {
		return refuse(w, http.StatusBadRequest, federationOff)
	}
	at, err := a.Federation.RemoteFollow(r.Context(), body.Account)
	if errors.Is(err, federation.ErrRemoteFollow) {
		return refuse(w, http.StatusBadRequest, "unable to determine remote follow information for "+body.Account)
	}
	if err != nil {
		return a.done(w, err, "")
	}
	return httpx.JSON(w, http.StatusOK, map[string]string{"redirectUrl": at})
}

// actionBody is something that somebody in the fediverse has done.
type actionBody struct {
	IRI       string    `json:"iri"`
	ActorIRI  string    `json:"actorIRI"`
	Type      string    `json:"type"`
	Timestamp time.Time `json:"timestamp"`
}

// actionType is a kind of activity as clients of such servers know it.
func actionType(kind string) string {
	switch kind {
	case "Follow":
		return "FEDIVERSE_ENGAGEMENT_FOLLOW"
	case "Like":
		return "FEDIVERSE_ENGAGEMENT_LIKE"
	case "Announce":
		return "FEDIVERSE_ENGAGEMENT_REPOST"
	}
	return kind
}

func (a *api) adminActions(w http.ResponseWriter, r *http.Request) error {
	page, err := queryPage(r)
	if err != nil {
		return err
	}
	list, total, err := a.Inbound.Engagements(r.Context(), page)
	if err != nil {
		return err
	}
	body := pageBody[actionBody]{Total: total, Results: make([]actionBody, len(list))}
	for i, e := range list {
		body.Results[i] = actionBody{IRI: e.IRI, ActorIRI: e.ActorIRI, Type: actionType(e.Type), Timestamp: e.At}
	}
	return httpx.JSON(w, http.StatusOK, body)
}

func (a *api) adminRotateKeys(w http.ResponseWriter, r *http.Request) error {
	if a.Federation == nil {
		return refuse(w, http.StatusBadRequest, federationOff)
	}
	return a.done(w, a.Federation.RotateKeys(r.Context()), "keys rotated")
}
