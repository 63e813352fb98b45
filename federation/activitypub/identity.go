package activitypub

import (
	"context"
	"net/url"
	"path"
	"strings"

	"github.com/owncast-go/owncast/federation"
	"github.com/owncast-go/owncast/federation/activitypub/internal/vocab"
)

// identity is who the channel is in the fediverse.
type identity struct {
	base     *url.URL // where the world sees the server, without a slash at the end
	username string
}

func newIdentity(serverURL, username string) (identity, error) {
	u, err := url.Parse(strings.TrimRight(serverURL, "/"))
	if err != nil || u.Host == "" {
		return identity{}, federation.ErrNoServerURL
	}
	return identity{base: u, username: username}, nil
}

// url is where the world sees a path below that of the server.
func (i identity) url(p string) string { return i.base.String() + p }

// The paths below that of the server.
const (
	pathObjects = "/federation/"
	pathActors  = "/federation/user/"
	pathEvents  = "/federation/event/"
	pathQuotes  = "/federation/quote/"
	pathCreates = "/federation/create/"
)

func (i identity) actor() string     { return i.url(pathActors + i.username) }
func (i identity) inbox() string     { return i.actor() + "/inbox" }
func (i identity) outbox() string    { return i.actor() + "/outbox" }
func (i identity) followers() string { return i.actor() + "/followers" }
func (i identity) host() string      { return i.base.Host }
func (i identity) account() string   { return account(i.username, i.host()) }

func keyID(actor string) string { return actor + "#main-key" }

// noteIRI is that of a post, and activityIRI that of the activity that posted
// it.
func (i identity) noteIRI(id string) string  { return i.url(pathObjects + id) }
func (i identity) eventIRI(id string) string { return i.url(pathEvents + id) }

func activityIRI(object string) string { return replaceLast(object, pathObjects, pathCreates) }
func objectIRI(activity string) string { return replaceLast(activity, pathCreates, pathObjects) }

func replaceLast(s, old, now string) string {
	i := strings.LastIndex(s, old)
	if i < 0 {
		return s
	}
	return s[:i] + now + s[i+len(old):]
}

// fresh is a new id of an activity that nobody will ask for.
func fresh(actor, kind string) string { return actor + "#" + kind + "-" + newID() }

// pathOf is the path of an IRI of the server's, below that of the server; ""
// if it is another's.
func (i identity) pathOf(iri string) string {
	rest, ok := strings.CutPrefix(iri, i.base.String())
	if !ok || !strings.HasPrefix(rest, "/") || rest != path.Clean(rest) {
		return ""
	}
	return rest
}

// scene is what there is at one moment.
type scene struct {
	settings federation.Settings
	channel  federation.Channel
	id       identity
}

// scene returns what there is, or an error matching federation.ErrDisabled or
// federation.ErrNoServerURL.
func (s *Service) scene(ctx context.Context) (scene, error) {
	set, err := s.cfg.Settings(ctx)
	if err != nil {
		return scene{}, err
	}
	if !set.Enabled {
		return scene{}, federation.ErrDisabled
	}
	ch, err := s.cfg.Channel(ctx)
	if err != nil {
		return scene{}, err
	}
	id, err := newIdentity(ch.ServerURL, set.Username)
	return scene{settings: set, channel: ch, id: id}, err
}

// audience is who posts are for.
func (x scene) audience() (to, cc []string) {
	if x.settings.Private {
		return []string{x.id.followers()}, nil
	}
	return []string{vocab.Public}, []string{x.id.followers()}
}

// stream is what servers of streams are told of this one.
func (x scene) stream(live bool) *vocab.Stream {
	s := &vocab.Stream{
		Status: vocab.Offline, Title: x.channel.Title, Description: x.channel.Summary, ServerName: x.channel.Name,
		Logo: x.id.url("/logo/external"), Tags: x.channel.Tags,
	}
	if live {
		s.Status = vocab.Live
		s.Thumbnail = x.id.url("/thumbnail.jpg")
	}
	return s
}
