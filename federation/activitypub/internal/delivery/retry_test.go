package delivery

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/owncast-go/owncast/federation/activitypub/internal/httpsig"
	"github.com/owncast-go/owncast/federation/activitypub/internal/transport"
	"github.com/owncast-go/owncast/repository"
	"github.com/owncast-go/owncast/repository/memory"
)

// strict is a server that checks the signature of what it is sent, by a clock
// that is right, and is broken for the first requests.
type strict struct {
	t      *testing.T
	key    *rsa.PublicKey
	broken int

	mu         sync.Mutex
	signatures map[string]bool
	dates      []time.Time
}

func (s *strict) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	sig, err := httpsig.Parse(&httpsig.Message{Method: r.Method, URL: r.URL, Header: r.Header, Body: body})
	if err == nil {
		err = sig.CheckTime(time.Now(), httpsig.Clock{Past: 2 * time.Second, Future: 2 * time.Second})
	}
	if err == nil {
		err = sig.CheckContent()
	}
	if err == nil {
		err = sig.Verify(s.key)
	}
	if err != nil {
		s.t.Errorf("try %d: %v", len(s.dates)+1, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if value := r.Header.Get("Signature"); s.signatures[value] {
		s.t.Errorf("try %d has the signature of one before", len(s.dates)+1)
	} else {
		s.signatures[value] = true
	}
	date, err := http.ParseTime(r.Header.Get("Date"))
	if err != nil {
		s.t.Errorf("try %d: Date: %v", len(s.dates)+1, err)
	}
	s.dates = append(s.dates, date)
	code := http.StatusAccepted
	if len(s.dates) <= s.broken {
		code = http.StatusInternalServerError
	}
	return &http.Response{StatusCode: code, Header: http.Header{}, Body: io.NopCloser(bytes.NewReader(nil)), Request: r}, nil
}

func TestEveryTryIsSignedAnew(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range []httpsig.Kind{httpsig.Cavage, httpsig.RFC9421} {
		t.Run(kind.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server := &strict{t: t, key: &key.PublicKey, broken: 8, signatures: map[string]bool{}}
				hosts := NewHosts()
				hosts.Prefer("a.test", kind)
				client := transport.New(transport.Config{
					HTTP: &http.Client{Transport: server}, Preferences: hosts, Fetches: 1, FetchTimeout: time.Minute, PostTimeout: time.Minute,
					Key: func(context.Context) (httpsig.Key, error) {
						return httpsig.Key{ID: "https://b.test/#key", Private: key}, nil
					},
					Host: func(_ context.Context, u *url.URL) (string, bool) { return u.Host, true },
				})
				queue := memory.New().Deliveries
				w := New(Config{
					Queue: queue, Hosts: hosts, Log: slog.New(slog.DiscardHandler),
					Post: func(ctx context.Context, d repository.Delivery) error {
						return client.Post(ctx, d.Address, d.Payload)
					},
					Ready:    func(context.Context) bool { return true },
					Allowed:  func(context.Context, string) bool { return true },
					Lifetime: func(string) time.Duration { return week },
					Gone:     func(context.Context, string) {},
					Busy:     func() bool { return false },
				})
				ctx, cancel := context.WithCancel(t.Context())
				done := make(chan struct{})
				go func() { defer close(done); w.Run(ctx) }()
				_, err := queue.Enqueue(ctx, repository.Batch{Kind: "posts", Payload: []byte(`{"a":1}`), At: time.Now(), Targets: []repository.Target{{Host: "a.test", Address: inbox}}})
				if err != nil {
					t.Fatal(err)
				}
				w.Wake()
				time.Sleep(24 * time.Hour)
				cancel()
				<-done
				server.mu.Lock()
				defer server.mu.Unlock()
				if n := len(server.dates); n != server.broken+1 {
					t.Fatalf("%d tries, want %d", n, server.broken+1)
				}
				for i := range server.broken {
					if gap := server.dates[i+1].Sub(server.dates[i]); gap < 30*time.Second {
						t.Errorf("the Date of try %d is %v after that of the one before", i+2, gap)
					}
				}
			})
		})
	}
}
