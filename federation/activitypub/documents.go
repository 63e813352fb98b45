package activitypub

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"html"
	"mime"
	"net/http"
	"strconv"
	"strings"

	"github.com/owncast-go/owncast/federation"
	"github.com/owncast-go/owncast/federation/activitypub/internal/transport"
	"github.com/owncast-go/owncast/federation/activitypub/internal/vocab"
	"github.com/owncast-go/owncast/internal/httpx"
	"github.com/owncast-go/owncast/repository"
)

// pageSize is how many items a page of a collection has.
const pageSize = 50

// errNoObject is an object that is not there, or not for who asks.
var errNoObject = errors.New("activitypub: no such object")

// actorDocument is the actor as others read it; one that it was before says
// where it is now.
func (s *Service) actorDocument(ctx context.Context, x scene, rec record, of identity) (vocab.Document, error) {
	_, public, err := s.keys.get(ctx)
	if err != nil {
		return nil, err
	}
	actor := of.actor()
	out := vocab.OutActor{
		ID: actor, URL: actor, Username: of.username, Name: x.channel.Name, Summary: paragraphs(x.channel.Summary),
		Inbox: of.inbox(), Outbox: of.outbox(), Followers: of.followers(),
		Icon: x.id.url("/logo/external?uc=" + logoVersion(x.channel.LogoID)), KeyID: keyID(actor), KeyPEM: public,
		CreatedAt: rec.CreatedAt, Private: x.settings.Private, Tags: channelTags(x.channel.Tags), Fields: fields(x),
	}
	if actor != x.id.actor() {
		out.MovedTo = x.id.actor()
	} else {
		for _, f := range rec.Former {
			if f.Actor != actor {
				out.AlsoKnownAs = append(out.AlsoKnownAs, f.Actor)
			}
		}
	}
	return out.Document()
}

func logoVersion(id string) string {
	if id == "" {
		return "default"
	}
	return id
}

// fields are the links of the profile.
func fields(x scene) []vocab.Field {
	link := func(at string) string {
		at = html.EscapeString(at)
		return `<a href="` + at + `" rel="me nofollow noopener noreferrer" target="_blank">` + at + "</a>"
	}
	list := []vocab.Field{{Name: "Stream", Value: link(x.id.base.String())}}
	for _, l := range x.channel.Links {
		list = append(list, vocab.Field{Name: l.Name, Value: link(l.URL)})
	}
	return list
}

// digest stands for what an actor's document says.
func digest(d vocab.Document) (string, error) {
	data, err := d.Encode()
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:]), nil
}

// serveActor answers with the actor.
func (s *Service) serveActor(w http.ResponseWriter, r *http.Request) error {
	x, rec, id, err := s.named(r)
	if err != nil {
		return err
	}
	if !asksForActivity(r) {
		return toPage(w, r)
	}
	d, err := s.actorDocument(r.Context(), x, rec, id)
	if err != nil {
		return err
	}
	return writeDocument(w, d)
}

// named is what there is, and which of its identities a request's path is of.
func (s *Service) named(r *http.Request) (scene, record, identity, error) {
	x, rec, err := s.open(r)
	if err != nil {
		return x, rec, identity{}, err
	}
	name := r.PathValue("name")
	var found *identity
	for _, id := range rec.identities(x.id) {
		if id.username == name && (found == nil || strings.EqualFold(r.Host, id.host())) {
			found = &id
		}
	}
	if found == nil {
		return x, rec, identity{}, errNoObject
	}
	return x, rec, *found, nil
}

// open is what there is, and what is remembered.
func (s *Service) open(r *http.Request) (scene, record, error) {
	x, err := s.running(r.Context())
	if err != nil {
		return x, record{}, err
	}
	rec, err := s.record(r.Context())
	if err == nil && rec.Actor == "" {
		rec, err = s.introduce(r.Context(), x)
	}
	return x, rec, err
}

// asksForActivity tells whether a request is for a document rather than a
// page.
func asksForActivity(r *http.Request) bool {
	for _, header := range append(r.Header.Values("Accept"), r.Header.Values("Content-Type")...) {
		for item := range strings.SplitSeq(header, ",") {
			media, params, err := mime.ParseMediaType(item)
			if err != nil {
				continue
			}
			switch media {
			case transport.ActivityJSON, transport.JSON, "application/json+ld":
				return true
			case transport.LDJSON:
				if p := params["profile"]; p == "" || p == "https://www.w3.org/ns/activitystreams" {
					return true
				}
			}
		}
	}
	return false
}

// toPage sends people to the page, which is the root of the App, wherever that
// is mounted.
func toPage(w http.ResponseWriter, r *http.Request) error {
	w.Header().Set("Vary", "Accept")
	w.Header().Set("Location", strings.Repeat("../", strings.Count(r.URL.Path, "/")-1)+"./")
	w.WriteHeader(http.StatusTemporaryRedirect)
	return nil
}

func writeDocument(w http.ResponseWriter, d vocab.Document) error {
	data, err := d.Encode()
	if err != nil {
		return err
	}
	return writeJSON(w, transport.ActivityJSON, data)
}

func writeJSON(w http.ResponseWriter, media string, data []byte) error {
	h := w.Header()
	h.Set("Content-Type", media)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Vary", "Accept, Signature")
	h.Set("Cache-Control", "no-cache")
	h.Set("Content-Length", strconv.Itoa(len(data)))
	if _, err := w.Write(data); err != nil {
		return err
	}
	return nil
}

// serveFollowers answers with the collection of followers, or a page of it.
func (s *Service) serveFollowers(w http.ResponseWriter, r *http.Request) error {
	x, _, id, err := s.named(r)
	if err != nil {
		return err
	}
	if !asksForActivity(r) {
		return toPage(w, r)
	}
	page, paged, err := pageOf(r)
	if err != nil {
		return err
	}
	if x.settings.HideFollowers && paged {
		return errNoObject
	}
	list, total, err := s.cfg.Stores.Followers.Followers(r.Context(), repository.FollowerQuery{
		State: repository.FollowersApproved, Kind: repository.FollowersPeople,
		Page: repository.Page{Offset: (page - 1) * pageSize, Limit: pageSize},
	})
	if err != nil {
		return err
	}
	if !paged {
		return writeOut(w, vocab.OutCollection{ID: id.followers(), Total: total, Pages: !x.settings.HideFollowers && total > 0})
	}
	out := vocab.OutPage{Of: id.followers(), Page: page, HasNext: page*pageSize < total}
	for _, f := range list {
		if !s.blocks.blocksIRI(r.Context(), f.ActorIRI) {
			out.Items = append(out.Items, f.ActorIRI)
		}
	}
	return writeOut(w, out)
}

// serveOutbox answers with the collection of posts, or a page of it: of those
// that are for everybody, unless a follower asks.
func (s *Service) serveOutbox(w http.ResponseWriter, r *http.Request) error {
	x, _, id, err := s.named(r)
	if err != nil {
		return err
	}
	if !asksForActivity(r) {
		return toPage(w, r)
	}
	page, paged, err := pageOf(r)
	if err != nil {
		return err
	}
	who, err := s.reader(r, x)
	if err != nil {
		return err
	}
	list, total, err := s.cfg.Stores.Outbox.Activities(r.Context(), repository.Page{Offset: (page - 1) * pageSize, Limit: pageSize})
	if err != nil {
		return err
	}
	hidden := x.settings.Private && !who.follower
	if hidden {
		list, total = nil, 0
	}
	if !paged {
		return writeOut(w, vocab.OutCollection{ID: id.outbox(), Total: total, Pages: total > 0})
	}
	out := vocab.OutPage{Of: id.outbox(), Page: page, HasNext: page*pageSize < total}
	for _, a := range list {
		d, err := s.created(x, a)
		if err != nil {
			return err
		}
		if d != nil && (who.follower || public(d)) {
			out.Items = append(out.Items, d)
		}
	}
	return writeOut(w, out)
}

// created is the activity that posted what was kept; nil for what is no post.
func (s *Service) created(x scene, a repository.Activity) (vocab.Document, error) {
	if a.Type != "Note" && a.Type != "Event" {
		return nil, nil
	}
	object, err := vocab.Decode(a.Data)
	if err != nil {
		return nil, err
	}
	actor, _ := object["attributedTo"].(string)
	if actor == "" {
		actor = x.id.actor()
	}
	return create(actor, object, a.CreatedAt, addressees(object["to"]), addressees(object["cc"])).Document()
}

// addressees reads what Document has in "to" and "cc".
func addressees(v any) []string {
	var out []string
	switch v := v.(type) {
	case string:
		out = append(out, v)
	case []any:
		for _, e := range v {
			if s, ok := e.(string); ok {
				out = append(out, s)
			}
		}
	}
	return out
}

// public tells whether a document is for everybody.
func public(d vocab.Document) bool {
	for _, name := range []string{"to", "cc"} {
		for _, to := range addressees(d[name]) {
			if to == vocab.Public {
				return true
			}
		}
	}
	return false
}

// outDocument is what can be written as a document.
type outDocument interface {
	Document() (vocab.Document, error)
}

func writeOut(w http.ResponseWriter, out outDocument) error {
	d, err := out.Document()
	if err != nil {
		return err
	}
	return writeDocument(w, d)
}

// pageOf is the page that a request asks for, from 1 on, and whether it asks
// for one.
func pageOf(r *http.Request) (page int, paged bool, err error) {
	value := r.URL.Query().Get("page")
	switch value {
	case "":
		return 1, false, nil
	case "true":
		return 1, true, nil
	}
	page, err = strconv.Atoi(value)
	if err != nil || page < 1 || page > 1<<20 {
		return 0, false, httpx.BadRequest(`query parameter "page" must be a number over 0`)
	}
	return page, true, nil
}

// serveObject answers with a post, or the activity that posted it.
func (s *Service) serveObject(w http.ResponseWriter, r *http.Request) error {
	x, rec, err := s.open(r)
	if err != nil {
		return err
	}
	if !asksForActivity(r) {
		return toPage(w, r)
	}
	a, err := s.stored(r, rec.identities(x.id))
	if err != nil {
		return err
	}
	who, err := s.reader(r, x)
	if err != nil {
		return err
	}
	d, err := s.created(x, a)
	if err != nil {
		return err
	}
	if d == nil || !who.follower && (x.settings.Private || !public(d)) {
		return errNoObject
	}
	if strings.HasPrefix(r.URL.Path, pathCreates) {
		return writeDocument(w, d)
	}
	return writeJSON(w, transport.ActivityJSON, a.Data)
}

// stored is the object that a request is for, of whichever identity.
func (s *Service) stored(r *http.Request, ids []identity) (a repository.Activity, err error) {
	for _, id := range ids {
		iri := id.noteIRI(r.PathValue("id"))
		if event := r.PathValue("event"); event != "" {
			iri = id.eventIRI(event)
		}
		if a, err = s.cfg.Stores.Outbox.Activity(r.Context(), iri); !isNotFound(err) {
			return a, err
		}
	}
	return a, err
}

// serveStamp answers with the permission to quote a post.
func (s *Service) serveStamp(w http.ResponseWriter, r *http.Request) error {
	x, rec, err := s.open(r)
	if err != nil {
		return err
	}
	if !asksForActivity(r) {
		return toPage(w, r)
	}
	d, err := s.stamp(r.Context(), x, rec.Secret, r.PathValue("note"), r.PathValue("mac"), r.PathValue("quoting"))
	if err != nil {
		return err
	}
	return writeDocument(w, d)
}

// status turns errors of a Service into those that there are answers for.
func status(err error) error {
	switch {
	case errors.Is(err, federation.ErrDisabled):
		return httpx.ErrMethodNotAllowed // as clients of such servers know it
	case errors.Is(err, federation.ErrNoServerURL), errors.Is(err, errNoObject), errors.Is(err, federation.ErrClosed):
		return httpx.ErrNotFound
	}
	return err
}
