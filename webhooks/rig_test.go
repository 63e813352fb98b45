package webhooks_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/owncast-go/owncast/repository"
	"github.com/owncast-go/owncast/repository/memory"
	"github.com/owncast-go/owncast/webhooks"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// inMemory is a network of one listener that anything connects to, so that the
// time of a test can be that of a bubble.
type inMemory struct {
	conns chan net.Conn
	done  chan struct{}
	once  sync.Once
}

func newInMemory() *inMemory {
	return &inMemory{conns: make(chan net.Conn), done: make(chan struct{})}
}

func (n *inMemory) Accept() (net.Conn, error) {
	select {
	case c := <-n.conns:
		return c, nil
	case <-n.done:
		return nil, net.ErrClosed
	}
}

func (n *inMemory) Close() error {
	n.once.Do(func() { close(n.done) })
	return nil
}

func (*inMemory) Addr() net.Addr { return &net.TCPAddr{} }

func (n *inMemory) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	here, there := net.Pipe()
	select {
	case n.conns <- there:
		return here, nil
	case <-n.done:
		return nil, errors.New("connection refused")
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// request is what a receiver has got.
type request struct {
	at    time.Time
	host  string
	path  string
	id    string // of the delivery
	event string
	sign  string
	body  []byte
}

// data is the event in a request.
func (r request) data(t testing.TB) map[string]any {
	t.Helper()
	var v struct {
		Type      string
		EventData map[string]any
	}
	if err := json.Unmarshal(r.body, &v); err != nil || v.Type != r.event {
		t.Fatalf("body %s with event %s: %v", r.body, r.event, err)
	}
	return v.EventData
}

// receiver is a server that writes down what it gets.
type receiver struct {
	net *inMemory
	srv *http.Server

	mu     sync.Mutex
	got    []request
	answer http.HandlerFunc // nil answers with 200
}

func newReceiver(t testing.TB) *receiver {
	t.Helper()
	r := &receiver{net: newInMemory()}
	r.srv = &http.Server{Handler: r}
	served := make(chan struct{})
	go func() { defer close(served); _ = r.srv.Serve(r.net) }()
	t.Cleanup(func() { _ = r.srv.Close(); <-served })
	return r
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	body, _ := io.ReadAll(q.Body)
	r.mu.Lock()
	r.got = append(r.got, request{
		at: time.Now(), host: q.Host, path: q.URL.Path, id: q.Header.Get("Owncast-Delivery"),
		event: q.Header.Get("Owncast-Event"), sign: q.Header.Get("Owncast-Signature"), body: body,
	})
	answer := r.answer
	r.mu.Unlock()
	if answer != nil {
		answer(w, q)
	}
}

// on sets what to answer.
func (r *receiver) on(f http.HandlerFunc) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answer = f
}

// all returns what the receiver has got so far, and forgets it.
func (r *receiver) all() []request {
	r.mu.Lock()
	defer r.mu.Unlock()
	got := r.got
	r.got = nil
	return got
}

func status(code int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
}

// server is what the events of tests are told of the server.
func server(context.Context) (webhooks.Server, error) {
	return webhooks.Server{
		Name: "My channel", Summary: "About it", StreamTitle: "A title", URL: "https://live.example",
		Status: webhooks.Status{VersionNumber: "0.1.0", StreamTitle: "A title", ViewerCount: 3, OverallMaxViewerCount: 9, SessionMaxViewerCount: 5},
	}, nil
}

// rig is a Dispatcher with a receiver at every URL.
type rig struct {
	*webhooks.Dispatcher
	t      testing.TB
	repo   repository.Repository
	recv   *receiver
	client *http.Client
	log    *bytes.Buffer
}

func (r *receiver) client() *http.Client {
	return &http.Client{
		Transport:     &http.Transport{DialContext: r.net.dial, MaxIdleConnsPerHost: 10},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

func newRig(t testing.TB) *rig {
	t.Helper()
	return newRigOn(t, memory.New())
}

// newRigOn starts a Dispatcher on a repository, until the test ends.
func newRigOn(t testing.TB, repo repository.Repository) *rig {
	t.Helper()
	x := &rig{t: t, repo: repo, recv: newReceiver(t), log: new(bytes.Buffer)}
	x.client = x.recv.client()
	var err error
	x.Dispatcher, err = webhooks.New(webhooks.Config{
		Webhooks: repo.Webhooks, Queue: repo.WebhookDeliveries, Describe: server, Client: x.client,
		Logger: slog.New(slog.NewTextHandler(x.log, nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := x.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(x.stop)
	return x
}

func (x *rig) stop() {
	x.t.Helper()
	if err := x.Shutdown(context.WithoutCancel(x.t.Context())); err != nil {
		x.t.Errorf("Shutdown = %v", err)
	}
	x.client.CloseIdleConnections()
}

// create makes a webhook at a host for stream and chat events.
func (x *rig) create(host string) repository.Webhook {
	x.t.Helper()
	w, err := x.Create(x.t.Context(), "http://"+host+"/hook?token=hush", []webhooks.EventType{
		webhooks.EventChat, webhooks.EventStreamStarted, webhooks.EventStreamStopped,
	}, "")
	if err != nil {
		x.t.Fatal(err)
	}
	return w
}

// endpoint is how a webhook does.
func (x *rig) endpoint(id int64) webhooks.Endpoint {
	x.t.Helper()
	all, err := x.Endpoints(x.t.Context())
	if err != nil {
		x.t.Fatal(err)
	}
	for _, e := range all {
		if e.ID == id {
			return e
		}
	}
	x.t.Fatalf("there is no webhook %d", id)
	return webhooks.Endpoint{}
}

// chat sends a message.
func (x *rig) chat(text string) {
	x.Send(webhooks.Event{Type: webhooks.EventChat, ID: text, Data: webhooks.ChatMessage{RawBody: text, Visible: true}})
}

// texts are the messages in requests.
func texts(t testing.TB, got []request) (list []string) {
	t.Helper()
	for _, r := range got {
		if text, ok := r.data(t)["rawBody"].(string); ok {
			list = append(list, text)
		} else {
			list = append(list, r.event)
		}
	}
	return list
}
