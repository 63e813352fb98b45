package webpush_test

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/owncast-go/owncast/repository"
	"github.com/owncast-go/owncast/repository/memory"
	"github.com/owncast-go/owncast/webhooks"
	"github.com/owncast-go/owncast/webhooks/webpush"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func unb64(t testing.TB, s string) []byte {
	t.Helper()
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// browser has the keys of a subscription.
type browser struct {
	private *ecdh.PrivateKey
	auth    []byte
}

func newBrowser(t testing.TB) browser {
	t.Helper()
	private, err := ecdh.P256().GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	auth := make([]byte, 16)
	_, _ = rand.Read(auth)
	return browser{private, auth}
}

// subscription is the JSON of a PushSubscription.
func (b browser) subscription(endpoint string) string {
	return fmt.Sprintf(`{"endpoint":%q,"expirationTime":null,"keys":{"p256dh":%q,"auth":%q}}`, endpoint, b64(b.private.PublicKey().Bytes()), b64(b.auth))
}

// decrypt reads a message as RFC 8291, section 3, and RFC 8188, section 2, have
// it.
func (b browser) decrypt(body []byte) ([]byte, error) {
	if len(body) < 21 || len(body) < 21+int(body[20]) {
		return nil, errors.New("too short")
	}
	salt, size, sender := body[:16], binary.BigEndian.Uint32(body[16:20]), body[21:21+int(body[20])]
	record := body[21+int(body[20]):]
	if len(record) > int(size) || size > 4096 {
		return nil, fmt.Errorf("%d bytes in records of %d", len(record), size)
	}
	public, err := ecdh.P256().NewPublicKey(sender)
	if err != nil {
		return nil, err
	}
	shared, err := b.private.ECDH(public)
	if err != nil {
		return nil, err
	}
	info := "WebPush: info\x00" + string(b.private.PublicKey().Bytes()) + string(sender)
	ikm, err1 := hkdf.Key(sha256.New, shared, b.auth, info, 32)
	key, err2 := hkdf.Key(sha256.New, ikm, salt, "Content-Encoding: aes128gcm\x00", 16)
	nonce, err3 := hkdf.Key(sha256.New, ikm, salt, "Content-Encoding: nonce\x00", 12)
	block, err4 := aes.NewCipher(key)
	if err := errors.Join(err1, err2, err3, err4); err != nil {
		return nil, err
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		return nil, err
	}
	text, err := gcm.Open(nil, nonce, record, nil)
	if err != nil {
		return nil, err
	}
	text = []byte(strings.TrimRight(string(text), "\x00"))
	if len(text) == 0 || text[len(text)-1] != 2 {
		return nil, errors.New("no delimiter of the last record")
	}
	return text[:len(text)-1], nil
}

// The example of RFC 8291, appendix A: the browser of these tests is one.
func TestTheBrowserReadsTheExampleOfTheRFC(t *testing.T) {
	private, err := ecdh.P256().NewPrivateKey(unb64(t, "q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94"))
	if err != nil {
		t.Fatal(err)
	}
	b := browser{private, unb64(t, "BTBZMqHH6r4Tts7J_aSIgg")}
	text, err := b.decrypt(unb64(t, "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"))
	if err != nil || string(text) != "When I grow up, I want to be a watermelon" {
		t.Errorf("%q, %v", text, err)
	}
}

// service is a push service: it holds its requests to RFC 8030 and RFC 8292,
// and decrypts what browsers get.
type service struct {
	t   testing.TB
	srv *httptest.Server
	key string // that browsers have subscribed with

	mu       sync.Mutex
	browsers map[string]browser // by path
	status   map[string]int     // to answer with, by path; 0 is 201
	header   http.Header
	got      map[string][]string // messages
	headers  http.Header         // of the last request
	contact  string              // of the last request
	hits     int
}

func newService(t testing.TB) *service {
	t.Helper()
	s := &service{t: t, browsers: map[string]browser{}, status: map[string]int{}, header: http.Header{}, got: map[string][]string{}}
	s.srv = httptest.NewUnstartedServer(s)
	s.srv.Config.ErrorLog = log.New(io.Discard, "", 0) // connections that are cut off
	s.srv.StartTLS()
	t.Cleanup(s.srv.Close)
	return s
}

// subscribe makes a browser with a subscription.
func (s *service) subscribe(name string) string {
	b := newBrowser(s.t)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.browsers["/"+name] = b
	return b.subscription(s.srv.URL + "/" + name)
}

func (s *service) answer(name string, status int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.status["/"+name] = status
}

// messages are those that a browser has got.
func (s *service) messages(name string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.got["/"+name]...)
}

// requests returns how many there were since the last call.
func (s *service) requests() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := s.hits
	s.hits = 0
	return n
}

// last are the header and the contact of the last request.
func (s *service) last() (http.Header, string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.headers, s.contact
}

func (s *service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hits++
	s.headers = r.Header
	for name, values := range s.header {
		w.Header()[name] = values
	}
	if err := s.check(r, body); err != nil {
		s.t.Errorf("%s: %v", r.URL.Path, err)
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	if code := s.status[r.URL.Path]; code != 0 {
		w.WriteHeader(code)
		return
	}
	text, err := s.browsers[r.URL.Path].decrypt(body)
	if err != nil {
		s.t.Errorf("%s: %v", r.URL.Path, err)
	}
	s.got[r.URL.Path] = append(s.got[r.URL.Path], string(text))
	w.Header().Set("Location", "/message/1")
	w.WriteHeader(http.StatusCreated)
}

// check is what real push services refuse.
func (s *service) check(r *http.Request, body []byte) error {
	if r.Method != http.MethodPost || r.Header.Get("TTL") == "" || r.Header.Get("Content-Encoding") != "aes128gcm" || len(body) > 4096 {
		return fmt.Errorf("%s of %d bytes with %v", r.Method, len(body), r.Header)
	}
	token, key, ok := strings.Cut(strings.TrimPrefix(r.Header.Get("Authorization"), "vapid t="), ", k=")
	parts := strings.Split(token, ".")
	if !ok || key != s.key || len(parts) != 3 {
		return fmt.Errorf("Authorization: %s", r.Header.Get("Authorization"))
	}
	point, err1 := base64.RawURLEncoding.DecodeString(key)
	signature, err2 := base64.RawURLEncoding.DecodeString(parts[2])
	claims, err3 := base64.RawURLEncoding.DecodeString(parts[1])
	if err := errors.Join(err1, err2, err3); err != nil || len(signature) != 64 {
		return fmt.Errorf("token: %v, signature of %d bytes", err, len(signature))
	}
	public, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), point)
	if err != nil {
		return err
	}
	hash := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	if !ecdsa.Verify(public, hash[:], new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:])) {
		return errors.New("wrong signature of the token")
	}
	var c struct {
		Aud, Sub string
		Exp      int64
	}
	if err := json.Unmarshal(claims, &c); err != nil {
		return err
	}
	s.contact = c.Sub
	left := time.Until(time.Unix(c.Exp, 0))
	if c.Aud != s.srv.URL || left <= 0 || left > 24*time.Hour || !strings.HasPrefix(c.Sub, "mailto:") && !strings.HasPrefix(c.Sub, "https://") {
		return fmt.Errorf("claims %s", claims)
	}
	return nil
}

// sender is a Push that knows the service.
type sender struct {
	webhooks.Push
	repo repository.Repository
}

func newSender(t testing.TB, s *service, change ...func(*webhooks.PushConfig)) sender {
	t.Helper()
	return newSenderOn(t, s, memory.New(), change...)
}

func newSenderOn(t testing.TB, s *service, repo repository.Repository, change ...func(*webhooks.PushConfig)) sender {
	t.Helper()
	c := webhooks.PushConfig{
		Subscriptions: repo.Notifications, Settings: repo.Settings, Client: s.srv.Client(),
		Contact: func(context.Context) string { return "" },
	}
	for _, f := range change {
		f(&c)
	}
	p, err := webpush.New(c)
	if err != nil {
		t.Fatal(err)
	}
	if s.key, err = p.PublicKey(t.Context()); err != nil {
		t.Fatal(err)
	}
	return sender{p, repo}
}

func (p sender) stored(t testing.TB) []repository.Destination {
	t.Helper()
	list, err := p.repo.Notifications.Destinations(t.Context(), "BROWSER_PUSH_NOTIFICATION")
	if err != nil {
		t.Fatal(err)
	}
	return list
}
