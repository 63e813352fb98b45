package owncast

import (
	"context"
	"fmt"
	"log/slog"
	"sync"

	"github.com/owncast-go/owncast/repository"
	"github.com/owncast-go/owncast/video/restream"
)

// WithRestream sends the broadcast on to outputs, in place of those in the
// settings. Without outputs it sends it nowhere.
func WithRestream(outputs ...restream.Output) Option {
	return func(c *config) error {
		c.restream = append([]restream.Output{}, outputs...)
		return option("WithRestream", restream.Validate(outputs))
	}
}

// Restream is where the broadcast is sent on to.
type Restream struct{ app *App }

// Restream returns what can be seen and changed of it while the App runs.
func (a *App) Restream() *Restream { return &Restream{app: a} }

// Set saves outputs in the settings and makes them the outputs, without
// disturbing those that stay as they were. An output without a stream key
// keeps the one that it had at the same URL. What is wrong with outputs is a
// [*restream.OutputError] for each thing, joined, and changes nothing; the
// error matches [ErrReadOnly] if [WithRestream] has fixed them.
func (r *Restream) Set(ctx context.Context, outputs []restream.Output) error {
	p, err := r.app.live()
	if err != nil {
		return err
	}
	return p.restream.Set(ctx, outputs)
}

// Status returns the outputs as they are, without their keys; none unless the
// App runs.
func (r *Restream) Status() []restream.Status {
	p, err := r.app.live()
	if err != nil {
		return nil
	}
	return p.restream.Status()
}

// restreamSettings are the outputs that an option has not fixed. They hold
// stream keys, which nothing but the service reads.
type restreamSettings struct {
	Outputs []restream.Output `json:"outputs"`
}

func restreamSetting() repository.Setting[restreamSettings] {
	return repository.Setting[restreamSettings]{
		Section:  "restream",
		Validate: func(s *restreamSettings) error { return restream.Validate(s.Outputs) },
	}
}

// restreams keeps the outputs of a Service in the settings.
type restreams struct {
	service *restream.Service
	store   repository.Settings
	fixed   []restream.Output // nil if no option has fixed them
	log     *slog.Logger

	mu sync.Mutex // held from saving outputs to setting them
}

func newRestreams(c config, store repository.Settings, source restream.Source) (*restreams, error) {
	service, err := restream.New(restream.Config{Source: source, Events: restreamEvents(c.hooks), Logger: c.log})
	return &restreams{service: service, store: store, fixed: c.restream, log: c.log}, err
}

// begin sets the outputs of the option or the settings. That they cannot be
// read is no reason not to broadcast.
func (r *restreams) begin(ctx context.Context) {
	outputs := r.fixed
	if outputs == nil {
		stored, _, err := restreamSetting().Get(ctx, r.store)
		if err != nil {
			r.log.Error("the outputs of restreams cannot be read", "err", err)
		}
		outputs = stored.Outputs
	}
	if err := r.service.Set(outputs); err != nil {
		r.log.Error("there are no restreams", "err", err)
	}
}

// Set is that of Restream.
func (r *restreams) Set(ctx context.Context, outputs []restream.Output) error {
	if r.fixed != nil {
		return fmt.Errorf("restream: %w", ErrReadOnly)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	saved, err := restreamSetting().Update(ctx, r.store, func(s *restreamSettings) error {
		s.Outputs = restream.KeepKeys(outputs, s.Outputs)
		return nil
	})
	if err != nil {
		return err
	}
	return closedError(r.service.Set(saved.Outputs))
}

// Status is that of Restream.
func (r *restreams) Status() []restream.Status { return r.service.Status() }
