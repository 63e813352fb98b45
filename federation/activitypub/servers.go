package activitypub

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/owncast-go/owncast/federation"
	"github.com/owncast-go/owncast/federation/activitypub/internal/transport"
	"github.com/owncast-go/owncast/federation/activitypub/internal/vocab"
	"github.com/owncast-go/owncast/internal/idn"
	"github.com/owncast-go/owncast/repository"
)

const (
	// pingEvery is how often directories are told that the stream is live.
	pingEvery = 5 * time.Minute
	// silence is after how long a server that said it is live is not.
	silence = 2 * pingEvery
)

// servers are those whose streams are featured.
type servers struct {
	LastID int64         `json:"lastId"`
	List   []serverEntry `json:"list"`
}

// serverEntry is a Server with what only the Service needs of it.
type serverEntry struct {
	federation.Server
	Inbox     string `json:"inbox"`
	FollowIRI string `json:"followIri"`
}

func serversSetting() repository.Setting[servers] {
	return repository.Setting[servers]{Section: "federation-servers"}
}

func (v *servers) find(actor string) *serverEntry {
	for i := range v.List {
		if v.List[i].Actor == actor {
			return &v.List[i]
		}
	}
	return nil
}

func (s *Service) servers(ctx context.Context) (servers, error) {
	v, _, err := serversSetting().Get(ctx, s.cfg.Stores.Settings)
	return v, err
}

// isServer tells whether an actor is that of a featured server.
func (s *Service) isServer(ctx context.Context, actor string) bool {
	v, err := s.servers(ctx)
	return err == nil && v.find(actor) != nil
}

// updateServer changes an entry, and tells of it if fn wants that. It does
// nothing if there is none.
func (s *Service) updateServer(ctx context.Context, actor string, fn func(*serverEntry) (tell bool)) error {
	var changed *federation.Server
	_, err := serversSetting().Update(ctx, s.cfg.Stores.Settings, func(v *servers) error {
		changed = nil
		if e := v.find(actor); e != nil && fn(e) {
			now := e.shown()
			changed = &now
		}
		return nil
	})
	if err == nil && changed != nil {
		tell(ctx, s, s.cfg.Events.ServerChanged, federation.ServerChanged{Server: *changed})
	}
	return err
}

// shown is the entry as others see it: a server that has been silent for too
// long is not online.
func (e serverEntry) shown() federation.Server {
	v := e.Server
	v.Online = v.Online && time.Since(v.UpdatedAt) < silence
	return v
}

// Servers are those that were added.
func (s *Service) Servers(ctx context.Context) ([]federation.Server, error) {
	v, err := s.servers(ctx)
	if err != nil {
		return nil, err
	}
	list := make([]federation.Server, len(v.List))
	for i, e := range v.List {
		list[i] = e.shown()
	}
	return list, nil
}

// AddServer asks the server at a URL to be featured.
func (s *Service) AddServer(ctx context.Context, at string) error {
	x, err := s.running(ctx)
	if err != nil {
		return err
	}
	u, err := url.Parse(strings.TrimRight(strings.TrimSpace(at), "/"))
	if err != nil || u.Scheme != "https" || hostPort(u) == "" || !idn.URL(u) || u.RawQuery != "" || u.Fragment != "" {
		return fmt.Errorf("%w: not a URL of https", federation.ErrAccount)
	}
	username, err := s.featuredActor(ctx, u)
	if err != nil {
		return err
	}
	iri, err := s.resolve(ctx, account(username, hostPort(u)))
	if err != nil {
		return err
	}
	if v, err := s.servers(ctx); err != nil || v.find(iri) != nil {
		if err == nil {
			err = federation.ErrFeatured
		}
		return err
	}
	a, err := s.actor(ctx, iri, 0)
	if err != nil {
		return unreachable(err)
	}
	return s.follow(ctx, x, u.String(), a)
}

// follow asks an actor for permission to feature its stream.
func (s *Service) follow(ctx context.Context, x scene, at string, a vocab.Actor) error {
	me := x.id.actor()
	f := vocab.OutActivity{
		Type: "Follow", ID: fresh(me, "follow"), Actor: me, Object: a.ID, To: []string{a.ID}, Stream: &vocab.Stream{Directory: true},
	}
	_, err := serversSetting().Update(ctx, s.cfg.Stores.Settings, func(v *servers) error {
		switch {
		case v.find(a.ID) != nil:
			return federation.ErrFeatured
		case len(v.List) >= federation.MaxServers:
			return federation.ErrTooMany
		}
		v.LastID++
		e := serverEntry{Inbox: a.Inbox, FollowIRI: f.ID, Server: federation.Server{
			ID: v.LastID, Status: federation.ServerPending, URL: at, Actor: a.ID, Name: a.Name, Logo: a.Icon, AddedAt: time.Now().UTC(),
		}}
		v.List = append(v.List, e)
		return nil
	})
	if err != nil {
		return err
	}
	return s.send(ctx, kindAnswer, f, "follow|"+a.ID, a.Inbox)
}

// featuredActor asks a server whether it has streams that can be featured, and
// returns the name of its actor.
func (s *Service) featuredActor(ctx context.Context, u *url.URL) (string, error) {
	index := "https://" + hostPort(u) + "/.well-known/nodeinfo"
	doc, err := s.transport.Fetch(ctx, index, transport.JSON, transport.JRD, transport.ActivityJSON)
	if err != nil {
		return "", nodeInfoError(err)
	}
	var links struct {
		Links []struct{ Rel, Href string }
	}
	if err := json.Unmarshal(doc.Data, &links); err != nil {
		return "", federation.ErrUnsupported
	}
	at := ""
	for _, l := range links.Links[:min(len(links.Links), maxLinks)] {
		if strings.HasPrefix(l.Rel, "http://nodeinfo.diaspora.software/ns/schema/2.") && sameHost(l.Href, index) {
			at = l.Href
			break
		}
	}
	if at == "" {
		return "", federation.ErrUnsupported
	}
	if doc, err = s.transport.Fetch(ctx, at, transport.JSON, transport.ActivityJSON); err != nil {
		return "", nodeInfoError(err)
	}
	var info struct {
		Software struct{ Name string }
		Metadata struct {
			Federation struct{ Username string }
		}
	}
	if err := json.Unmarshal(doc.Data, &info); err != nil || info.Software.Name != software || info.Metadata.Federation.Username == "" {
		return "", federation.ErrUnsupported
	}
	return info.Metadata.Federation.Username, nil
}

// nodeInfoError says of an answer that is none that there is nothing to be
// featured.
func nodeInfoError(err error) error {
	err = unreachable(err)
	if is404 := strings.Contains(err.Error(), "answered with 4"); is404 {
		return fmt.Errorf("%w: %w", federation.ErrUnsupported, err)
	}
	return err
}

// RemoveServer forgets a server, and tells it.
func (s *Service) RemoveServer(ctx context.Context, id int64) error {
	x, err := s.running(ctx)
	if err != nil {
		return err
	}
	var gone serverEntry
	_, err = serversSetting().Update(ctx, s.cfg.Stores.Settings, func(v *servers) error {
		i := slices.IndexFunc(v.List, func(e serverEntry) bool { return e.ID == id })
		if i < 0 {
			return repository.ErrNotFound
		}
		gone = v.List[i]
		v.List = slices.Delete(v.List, i, i+1)
		return nil
	})
	if err != nil {
		return err
	}
	me := x.id.actor()
	undo := vocab.OutActivity{
		Type: "Undo", ID: fresh(me, "undo"), Actor: me, To: []string{gone.Actor}, Embedded: original(gone.FollowIRI, me, gone.Actor),
	}
	return s.send(ctx, kindAnswer, undo, "follow|"+gone.Actor, gone.Inbox)
}

// dropServer forgets a server whose actor is no more.
func (s *Service) dropServer(ctx context.Context, actor string) error {
	if !s.isServer(ctx, actor) {
		return nil
	}
	_, err := serversSetting().Update(ctx, s.cfg.Stores.Settings, func(v *servers) error {
		v.List = slices.DeleteFunc(v.List, func(e serverEntry) bool { return e.Actor == actor })
		return nil
	})
	return err
}

// moveServer follows a server's new actor in place of the old one.
func (s *Service) moveServer(ctx context.Context, x scene, from string, to vocab.Actor) error {
	v, err := s.servers(ctx)
	if err != nil {
		return err
	}
	old := v.find(from)
	if old == nil {
		return nil
	}
	at := old.URL
	if err := s.dropServer(ctx, from); err != nil {
		return err
	}
	return s.follow(ctx, x, at, to)
}

// refreshServer writes down how the actor of a server is now.
func (s *Service) refreshServer(ctx context.Context, a vocab.Actor) error {
	if !s.isServer(ctx, a.ID) {
		return nil
	}
	return s.updateServer(ctx, a.ID, func(e *serverEntry) bool {
		e.Inbox, e.Name, e.Logo = a.Inbox, a.Name, a.Icon
		return false
	})
}

// onAnswer takes what a server says to the wish to feature it.
func (s *Service) onAnswer(ctx context.Context, in *inbound) (bool, error) {
	if !s.isServer(ctx, in.actor.ID) {
		return false, nil
	}
	now := time.Now().UTC()
	return false, s.updateServer(ctx, in.actor.ID, func(e *serverEntry) bool {
		if o := in.Object; o.ID != e.FollowIRI && (!o.Embedded || o.Type != "Follow" || o.Actor != in.id.actor() || o.Object != e.Actor) {
			return false
		}
		if in.Type == "Reject" {
			tell := e.Status != federation.ServerRejected
			e.Status, e.Online = federation.ServerRejected, false
			return tell
		}
		tell := e.Status != federation.ServerAccepted
		e.Status = federation.ServerAccepted
		if e.FollowedAt.IsZero() {
			e.FollowedAt = now
		}
		return e.hear(in.Stream, now) || tell
	})
}

// onStream takes what a featured server says of its stream.
func (s *Service) onStream(ctx context.Context, in *inbound) (bool, error) {
	if !s.isServer(ctx, in.actor.ID) {
		return false, nil
	}
	stream := in.Stream
	if in.Type == "Leave" {
		stream.Status, stream.Present = vocab.Offline, true
	}
	return false, s.updateServer(ctx, in.actor.ID, func(e *serverEntry) bool {
		return e.Status == federation.ServerAccepted && e.hear(stream, time.Now().UTC())
	})
}

// hear writes down what a server says of its stream, and tells whether that is
// news.
func (e *serverEntry) hear(v vocab.Stream, now time.Time) bool {
	if !v.Present || v.Status == "" {
		return false
	}
	before := e.shown()
	e.Online = v.Status == vocab.Live
	e.UpdatedAt = now
	if e.Online {
		e.OnlineAt = now
	}
	set := func(to *string, v string) {
		if v != "" {
			*to = v
		}
	}
	set(&e.Name, v.ServerName)
	set(&e.Logo, v.Logo)
	e.Title, e.Description, e.Tags, e.Thumbnail = v.Title, v.Description, v.Tags, v.Thumbnail
	return before.Online != e.Online || before.Title != e.Title
}
