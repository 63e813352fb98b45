// Package directory lists the server in a directory of servers while there is a
// stream: it says where the server is, and the directory reads the rest there.
package directory

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/owncast-go/owncast/internal/keeper"
)

const (
	// DefaultURL is the directory that servers of this kind are listed in.
	DefaultURL = "https://owncast.directory"
	// pingEvery is how often the directory is told, and how long after the
	// start of a stream it is told first.
	pingEvery = 4 * time.Minute
	maxAnswer = 64 << 10
)

// Config is what a Pinger is made of. All but the Logger is required.
type Config struct {
	URL string // of the directory
	// Settings returns whether the server is to be listed, and its key.
	Settings func(context.Context) (Settings, error)
	// SaveKey keeps the key that the directory has given the server.
	SaveKey func(ctx context.Context, key string) error
	// ServerURL returns where the world sees the server; "" if that is
	// unknown.
	ServerURL func(context.Context) (string, error)
	Client    *http.Client
	Logger    *slog.Logger // nil discards
}

// Pinger tells the directory of the server, four minutes after the start of a
// stream and every four minutes while there is one. It is safe for concurrent
// use. Make one with [New].
type Pinger struct {
	cfg    Config
	log    *slog.Logger
	keeper keeper.Keeper
	wake   chan struct{} // has one if the stream has changed

	mu   sync.Mutex // guards the rest
	next time.Time  // zero while there is no stream
	last error      // of the last ping; nil if it went well, or was none
}

// New returns a Pinger. It starts nothing.
func New(c Config) (*Pinger, error) {
	if c.Settings == nil || c.SaveKey == nil || c.ServerURL == nil || c.Client == nil {
		return nil, errors.New("directory: config without Settings, SaveKey, ServerURL or Client")
	}
	if err := CheckURL(c.URL); err != nil {
		return nil, err
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return &Pinger{cfg: c, log: c.Logger, wake: make(chan struct{}, 1)}, nil
}

// CheckURL returns an error unless a directory can be at a URL.
func CheckURL(rawURL string) error {
	u, err := url.Parse(rawURL)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return fmt.Errorf("%q is not an http or https URL", rawURL)
	}
	return nil
}

// Start begins to tell the directory, once there is a stream, until Shutdown.
// It may be called once.
func (p *Pinger) Start(ctx context.Context) error {
	return p.keeper.Start(ctx, func(context.Context) error { return nil }, p.keep)
}

// Shutdown ends what Start has started and waits for it, or for ctx. It may be
// called more than once.
func (p *Pinger) Shutdown(ctx context.Context) error {
	_, err := p.keeper.Shutdown(ctx)
	return err
}

// StreamStarted and StreamStopped tell the Pinger of the stream. They do not
// block.
func (p *Pinger) StreamStarted() { p.schedule(time.Now().Add(pingEvery)) }

// StreamStopped is the end of the stream, see [Pinger.StreamStarted].
func (p *Pinger) StreamStopped() { p.schedule(time.Time{}) }

func (p *Pinger) schedule(next time.Time) {
	p.mu.Lock()
	p.next, p.last = next, nil
	p.mu.Unlock()
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// Err is why the directory did not take the last ping; nil if it did, or there
// was none in this stream.
func (p *Pinger) Err() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.last
}

func (p *Pinger) keep(ctx context.Context) {
	t := time.NewTimer(time.Hour)
	defer t.Stop()
	for {
		t.Reset(p.wait())
		select {
		case <-ctx.Done():
			return
		case <-p.wake:
		case <-t.C:
			if p.due() {
				p.done(ctx, p.ping(ctx))
			}
		}
	}
}

// wait is how long there is nothing to do.
func (p *Pinger) wait() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.next.IsZero() {
		return time.Hour
	}
	return time.Until(p.next)
}

// due tells whether it is time, and when the next time is.
func (p *Pinger) due() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.next.IsZero() || time.Now().Before(p.next) {
		return false
	}
	p.next = time.Now().Add(pingEvery)
	return true
}

func (p *Pinger) done(ctx context.Context, err error) {
	if err != nil && ctx.Err() == nil {
		p.log.WarnContext(ctx, "the directory does not list the server", "directory", p.cfg.URL, "err", err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.next.IsZero() && ctx.Err() == nil {
		p.last = err
	}
}

// ping tells the directory where the server is, if it is to be listed.
func (p *Pinger) ping(ctx context.Context) error {
	s, err := p.cfg.Settings(ctx)
	if err != nil || !s.Enabled {
		return err
	}
	server, err := p.cfg.ServerURL(ctx)
	if err != nil || server == "" {
		return err
	}
	body, err := json.Marshal(map[string]string{"key": s.Key, "url": server})
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, strings.TrimRight(p.cfg.URL, "/")+"/api/ping", bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json")
	res, err := p.cfg.Client.Do(r)
	if err != nil {
		return err
	}
	key, err := answer(res)
	if err != nil || key == "" || key == s.Key {
		return err
	}
	if err := p.cfg.SaveKey(ctx, key); err != nil {
		return fmt.Errorf("the key of the directory is not saved: %w", err)
	}
	return nil
}
