package activitypub_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/owncast-go/owncast/federation/activitypub/internal/httpsig"
	"github.com/owncast-go/owncast/federation/activitypub/internal/vocab"
)

// rsaKeys are made once for all tests, since that takes time.
var rsaKeys = sync.OnceValues(func() (keys [3]*rsa.PrivateKey, err error) {
	for i := range keys {
		if keys[i], err = rsa.GenerateKey(rand.Reader, 2048); err != nil {
			return keys, err
		}
	}
	return keys, nil
})

func rsaKey(t testing.TB, n int) *rsa.PrivateKey {
	t.Helper()
	keys, err := rsaKeys()
	if err != nil {
		t.Fatal(err)
	}
	return keys[n]
}

// social is a server of people, as far as other servers see it.
type social struct {
	t    testing.TB
	w    *world
	host string
	base string
	kind httpsig.Kind // what it signs with

	mu       sync.Mutex
	key      *rsa.PrivateKey
	actors   map[string]map[string]any // changes of actors' documents
	gone     map[string]bool
	redirect map[string]string // where a user is to be found
	links    map[string]string // where webfinger says that a user is
	received []received
	ids      map[string]bool
	fetched  []string // paths that somebody has asked for
	answer   func(*http.Request) int
	secure   bool // GET requests must be signed
	read     *httpsig.Kind
	known    crypto.PublicKey // of those who send; nil to fetch it
	refused  int
}

// received is an activity that came in, with what its signature says.
type received struct {
	kind  httpsig.Kind
	keyID string
	doc   map[string]any
	raw   string
}

func (w *world) social(name string) *social {
	w.t.Helper()
	s := &social{t: w.t, w: w, key: rsaKey(w.t, 0), actors: map[string]map[string]any{}, gone: map[string]bool{}, ids: map[string]bool{}, redirect: map[string]string{}, links: map[string]string{}}
	s.host = name + ":" + w.serve(s, name)
	s.base = "https://" + s.host
	return s
}

func (s *social) user(name string) string { return s.base + "/users/" + name }

func (s *social) publicPEM() string {
	der, err := x509.MarshalPKIXPublicKey(s.key.Public())
	if err != nil {
		s.t.Error(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
}

// actor is the document of a user.
func (s *social) actor(name string) map[string]any {
	me := s.user(name)
	doc := map[string]any{
		"@context": []any{"https://www.w3.org/ns/activitystreams", "https://w3id.org/security/v1"},
		"id":       me, "type": "Person", "preferredUsername": name, "name": strings.ToUpper(name[:1]) + name[1:], "inbox": me + "/inbox",
		"outbox": me + "/outbox", "followers": me + "/followers", "url": s.base + "/@" + name,
		"icon":      map[string]any{"type": "Image", "url": s.base + "/" + name + ".png"},
		"publicKey": map[string]any{"id": me + "#main-key", "owner": me, "publicKeyPem": s.publicPEM()},
		"endpoints": map[string]any{"sharedInbox": s.base + "/inbox"},
	}
	for k, v := range s.actors[name] {
		if v == nil {
			delete(doc, k)
			continue
		}
		doc[k] = v
	}
	return doc
}

func (s *social) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.fetched = append(s.fetched, r.Method+" "+r.URL.Path)
	secure := s.secure
	s.mu.Unlock()
	if r.Method == http.MethodPost {
		s.inbox(w, r)
		return
	}
	if secure {
		if _, err := s.verify(r, nil); err != nil {
			http.Error(w, err.Error(), http.StatusUnauthorized)
			return
		}
	}
	switch {
	case r.URL.Path == "/.well-known/webfinger":
		user, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Query().Get("resource"), "acct:"), "@")
		s.mu.Lock()
		href := s.links[user]
		s.mu.Unlock()
		if href == "" {
			href = s.user(user)
		}
		w.Header().Set("Content-Type", "application/jrd+json")
		_ = json.NewEncoder(w).Encode(map[string]any{"subject": "acct:" + user + "@" + s.host, "links": []map[string]string{
			{"rel": "self", "type": "application/activity+json", "href": href},
			{"rel": "http://ostatus.org/schema/1.0/subscribe", "template": s.base + "/authorize_interaction?uri={uri}"},
		}})
	case strings.HasPrefix(r.URL.Path, "/users/"):
		s.mu.Lock()
		defer s.mu.Unlock()
		name := strings.TrimPrefix(r.URL.Path, "/users/")
		if to := s.redirect[name]; to != "" {
			http.Redirect(w, r, to, http.StatusFound)
			return
		}
		if s.gone[name] {
			http.Error(w, "gone", http.StatusGone)
			return
		}
		w.Header().Set("Content-Type", "application/activity+json; charset=utf-8")
		_ = json.NewEncoder(w).Encode(s.actor(name))
	default:
		http.NotFound(w, r)
	}
}

// verify checks the signature of a request strictly, and fetches the key of
// whoever has signed it.
func (s *social) verify(r *http.Request, body []byte) (*httpsig.Signature, error) {
	m := &httpsig.Message{Method: r.Method, URL: &url.URL{Scheme: "https", Host: r.Host, Path: r.URL.Path, RawQuery: r.URL.RawQuery}, Header: r.Header, Body: body}
	sig, err := httpsig.Parse(m)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	read := s.read
	s.mu.Unlock()
	if read != nil && *read != sig.Kind {
		return nil, fmt.Errorf("this server reads %v alone", *read)
	}
	if err := sig.CheckTime(time.Now(), httpsig.Clock{Past: 30 * time.Second, Future: 30 * time.Second}); err != nil {
		return nil, err
	}
	if err := sig.CheckContent(); err != nil {
		return nil, err
	}
	s.mu.Lock()
	known := s.known
	s.mu.Unlock()
	if known != nil {
		return sig, sig.Verify(known)
	}
	req, err := http.NewRequestWithContext(r.Context(), http.MethodGet, sig.KeyID, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", "application/activity+json")
	res, err := s.w.client().Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	data, err := io.ReadAll(res.Body)
	if err != nil {
		return nil, err
	}
	a, err := vocab.ParseActor(r.Context(), data)
	if err != nil || len(a.Keys) != 1 || a.Keys[0].ID != sig.KeyID {
		return nil, fmt.Errorf("the key %s: %+v, %w", sig.KeyID, a.Keys, err)
	}
	key, err := httpsig.ParsePublicKey(a.Keys[0].PEM)
	if err != nil {
		return nil, err
	}
	return sig, sig.Verify(key)
}

func (s *social) inbox(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	s.mu.Lock()
	answer := s.answer
	s.mu.Unlock()
	if answer != nil {
		if code := answer(r); code != 0 {
			w.WriteHeader(code)
			return
		}
	}
	sig, err := s.verify(r, body)
	if err != nil {
		s.change(func() { s.refused++ })
		http.Error(w, err.Error(), http.StatusUnauthorized)
		return
	}
	in := received{kind: sig.Kind, keyID: sig.KeyID, raw: string(body)}
	if err := json.Unmarshal(body, &in.doc); err != nil {
		s.t.Errorf("%s got no JSON: %.200s", s.host, body)
	}
	for _, problem := range strict(in.doc) {
		s.t.Errorf("%s in %s", problem, body)
	}
	s.mu.Lock()
	id, _ := in.doc["id"].(string)
	if s.ids[id] {
		s.t.Errorf("%s came before", id)
	}
	s.ids[id] = true
	s.received = append(s.received, in)
	s.mu.Unlock()
	w.WriteHeader(http.StatusAccepted)
}

// got returns what came in of a type.
func (s *social) got(kind string) []received {
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []received
	for _, r := range s.received {
		if r.doc["type"] == kind {
			list = append(list, r)
		}
	}
	return list
}

// await waits for n activities of a type, and returns the last.
func (s *social) await(kind string, n int) received {
	s.t.Helper()
	var list []received
	eventually(s.t, fmt.Sprintf("%d %s at %s", n, kind, s.host), func() bool { list = s.got(kind); return len(list) >= n })
	if len(list) > n {
		s.t.Fatalf("%d %s at %s, want %d", len(list), kind, s.host, n)
	}
	return list[n-1]
}

// asked are the paths that somebody has asked for.
func (s *social) asked(path string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, f := range s.fetched {
		if f == path {
			n++
		}
	}
	return n
}

// refusals are how many signatures were not believed.
func (s *social) refusals() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.refused
}

func (s *social) change(fn func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	fn()
}

// activity is one of a user.
func (s *social) activity(user, kind string, object any, more ...any) map[string]any {
	doc := map[string]any{
		"@context": "https://www.w3.org/ns/activitystreams", "id": s.base + "/activities/" + newID(), "type": kind,
		"actor": s.user(user), "object": object,
	}
	for i := 0; i+1 < len(more); i += 2 {
		doc[more[i].(string)] = more[i+1]
	}
	return doc
}

func newID() string { return strings.ToLower(rand.Text()) }

// post sends an activity to a channel, and returns the status of the answer.
func (s *social) post(c *channel, doc map[string]any, change ...func(*http.Request)) int {
	s.t.Helper()
	actor, _ := doc["actor"].(string)
	return s.send(c.actor()+"/inbox", actor+"#main-key", doc, change...)
}

// send sends a signed request. Those that change it are called when it is
// signed, but those that return false before.
func (s *social) send(inbox, keyID string, doc map[string]any, change ...func(*http.Request)) int {
	s.t.Helper()
	body, err := json.Marshal(doc)
	if err != nil {
		s.t.Fatal(err)
	}
	s.mu.Lock()
	key := httpsig.Key{ID: keyID, Private: s.key}
	kind := s.kind
	s.mu.Unlock()
	return s.w.raw(s.t.Context(), inbox, body, func(r *http.Request) {
		if err := httpsig.Sign(r, body, key, kind, time.Now()); err != nil {
			s.t.Fatal(err)
		}
		for _, fn := range change {
			fn(r)
		}
	})
}

// raw posts a body, and returns the status of the answer.
func (w *world) raw(ctx context.Context, at string, body []byte, prepare func(*http.Request)) int {
	w.t.Helper()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, at, bytes.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/activity+json")
	prepare(r)
	res, err := w.client().Do(r)
	if err != nil {
		w.t.Fatal(err)
	}
	defer res.Body.Close()
	_, _ = io.Copy(io.Discard, res.Body)
	return res.StatusCode
}

// follow follows a channel and waits until it is accepted.
func (s *social) follow(c *channel, users ...string) {
	s.t.Helper()
	for _, u := range users {
		before := len(s.got("Accept"))
		f := s.activity(u, "Follow", c.actor())
		if code := s.post(c, f); code != 202 {
			s.t.Fatalf("follow: %d", code)
		}
		accept := s.await("Accept", before+1)
		object, _ := accept.doc["object"].(map[string]any)
		if accept.doc["actor"] != c.actor() || object["id"] != f["id"] || object["actor"] != s.user(u) || object["object"] != c.actor() || object["type"] != "Follow" {
			s.t.Fatalf("accepted: %s", accept.raw)
		}
	}
}

// strings reads a list of strings of a document.
func stringsOf(v any) []string {
	list, _ := v.([]any)
	var out []string
	for _, e := range list {
		s, _ := e.(string)
		out = append(out, s)
	}
	slices.Sort(out)
	return out
}
