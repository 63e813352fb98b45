package owncast

import (
	"context"

	"github.com/owncast-go/owncast/internal/directory"
	"github.com/owncast-go/owncast/internal/health"
	"github.com/owncast-go/owncast/video"
)

// WithDirectory lists the server in the directory at rawURL, if an
// administrator switches that on, in place of https://owncast.directory. A
// server that not everybody may watch is not listed.
func WithDirectory(rawURL string) Option {
	return func(c *config) error {
		c.directory = rawURL
		return option("WithDirectory", directory.CheckURL(rawURL))
	}
}

func newDirectory(c config, p *parts) (*directory.Pinger, error) {
	s := p.settings.sections
	return directory.New(directory.Config{
		URL: c.directory, Client: p.outbound.client, Logger: c.log,
		Settings: func(ctx context.Context) (DirectorySettings, error) {
			d, err := s.Directory.Get(ctx)
			d.Enabled = d.Enabled && !c.viewers.any()
			return d, err
		},
		SaveKey: func(ctx context.Context, key string) error {
			_, err := s.Directory.Update(ctx, func(d *DirectorySettings) error { d.Key = key; return nil })
			return err
		},
		ServerURL: func(ctx context.Context) (string, error) {
			i, err := s.Instance.Peek(ctx)
			return i.ServerURL, err
		},
	})
}

// directoryHooks hear of what the directory is to be told.
func (p *parts) directoryHooks() Hooks {
	return Hooks{
		StreamStarted: func(context.Context, video.StreamStarted) { p.directory.StreamStarted() },
		StreamStopped: func(context.Context, video.StreamStopped) { p.directory.StreamStopped() },
	}
}

// directoryProblems tells whether the directory does not list the server.
func directoryProblems(d *directory.Pinger) []health.Problem {
	if err := d.Err(); err != nil {
		return []health.Problem{problem("directory-failing", "The directory does not list the server.", err.Error())}
	}
	return nil
}
