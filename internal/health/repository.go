package health

import (
	"context"
	"encoding/json"
	"errors"
	"sync"

	"github.com/owncast-go/owncast/repository"
)

// Settings are settings that remember whether the last write failed. Make them
// with [WatchSettings]. They are safe for concurrent use.
type Settings struct {
	repository.Settings

	mu  sync.Mutex // guards err
	err error      // of the last write
}

// WatchSettings returns s, watched.
func WatchSettings(s repository.Settings) *Settings { return &Settings{Settings: s} }

// Save saves, and remembers whether it could.
func (s *Settings) Save(ctx context.Context, section string, rev int64, data json.RawMessage) (repository.Document, error) {
	doc, err := s.Settings.Save(ctx, section, rev, data)
	if err != nil && (ctx.Err() != nil || errors.Is(err, repository.ErrConflict) || errors.Is(err, repository.ErrInvalid)) {
		return doc, err // which says nothing of the store
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.err = err
	return doc, err
}

// probe is a section that is written to see whether it can be.
func probe() repository.Setting[int] { return repository.Setting[int]{Section: "healthProbe"} }

// Check is a [Check]: whether settings can be read, and, if the last write
// failed, whether they can be written again.
func (s *Settings) Check(ctx context.Context) []Problem {
	if _, _, err := probe().Get(ctx, s); err != nil {
		return []Problem{{Code: "repository-unreadable", Level: Failing, Text: "The repository cannot be read.", Detail: err.Error()}}
	}
	s.mu.Lock()
	failed := s.err != nil
	s.mu.Unlock()
	if !failed {
		return nil
	}
	if _, err := probe().Update(ctx, s, func(n *int) error { *n++; return nil }); err != nil {
		return []Problem{{Code: "repository-unwritable", Level: Degraded, Text: "Nothing can be saved in the repository.", Detail: err.Error()}}
	}
	return nil
}
