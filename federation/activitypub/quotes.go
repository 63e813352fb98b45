package activitypub

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"strings"
	"time"

	"github.com/owncast-go/owncast/federation"
	"github.com/owncast-go/owncast/federation/activitypub/internal/vocab"
)

// maxQuoting is how many bytes the IRI of a post may have that quotes one.
const maxQuoting = 1000

// onQuoteRequest lets a post quote one of the channel's, or not (FEP-044f). The
// permission is a stamp that names both; it is nowhere kept, for its IRI says
// all there is to say, and that it is the channel's.
func (s *Service) onQuoteRequest(ctx context.Context, in *inbound) (bool, error) {
	x, me, quoting := in.scene, in.id.actor(), in.Instrument.ID
	request := vocab.Document{"type": "QuoteRequest", "actor": in.Activity.Actor, "object": in.Object.ID, "instrument": quoting}
	if in.ID != "" {
		request["id"] = in.ID
	}
	post, err := s.post(ctx, in.Object.ID, 0)
	if err != nil && !isNotFound(err) {
		return false, err
	}
	allowed := err == nil && post.Type == "Note" && x.settings.AllowQuotes && !x.settings.Private &&
		sameHost(quoting, in.Activity.Actor) && len(quoting) <= maxQuoting
	if !allowed {
		a := vocab.OutActivity{Type: "Reject", ID: fresh(me, "reject"), Actor: me, To: []string{in.Activity.Actor}, Embedded: request}
		return false, s.send(ctx, kindAnswer, a, "quote|"+quoting, in.actor.Inbox)
	}
	a := vocab.OutActivity{
		Type: "Accept", ID: fresh(me, "accept"), Actor: me, To: []string{in.Activity.Actor}, Embedded: request,
		More: map[string]any{"result": stampIRI(x.id, in.Secret, post.IRI, quoting)},
	}
	if err := s.send(ctx, kindAnswer, a, "quote|"+quoting, in.actor.Inbox); err != nil {
		return false, err
	}
	first, err := s.first(ctx, "Quote", quoting, post.IRI)
	if err != nil || !first {
		return false, err
	}
	n := federation.Note{IRI: quoting, URL: quoting}
	if in.Instrument.Embedded && isPost(in.Instrument.Type) {
		n = s.note(in.Instrument)
	}
	tell(ctx, s, s.cfg.Events.Quoted, federation.Quoted{By: author(in.actor), Note: n, Post: post.IRI, At: time.Now().UTC()})
	return false, nil
}

// stampIRI is that of the permission for one post to quote another.
func stampIRI(id identity, secret, post, quoting string) string {
	note := strings.TrimPrefix(id.pathOf(post), pathObjects)
	return id.url(pathQuotes + note + "/" + stampMAC(secret, post, quoting) + "/" + base64.RawURLEncoding.EncodeToString([]byte(quoting)))
}

func stampMAC(secret, post, quoting string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte("quote\n" + post + "\n" + quoting))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil)[:16])
}

// stamp is the permission that an IRI is about, if the channel gave it and the
// post is still there.
func (s *Service) stamp(ctx context.Context, x scene, secret, note, mac, encoded string) (vocab.Document, error) {
	raw, err := base64.RawURLEncoding.DecodeString(encoded)
	quoting := string(raw)
	iri := x.id.noteIRI(note)
	if err != nil || !hmac.Equal([]byte(mac), []byte(stampMAC(secret, iri, quoting))) || s.blocks.blocksIRI(ctx, quoting) || !x.settings.AllowQuotes {
		return nil, errNoObject
	}
	if _, err := s.post(ctx, iri, 0); err != nil {
		return nil, err
	}
	return vocab.OutStamp{ID: stampIRI(x.id, secret, iri, quoting), Actor: x.id.actor(), Quoting: quoting, Quoted: iri}.Document()
}
