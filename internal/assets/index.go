package assets

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/owncast-go/owncast/repository"
)

// index says which files are what.
type index struct {
	Logo    *File   `json:"logo,omitempty"`
	Favicon *File   `json:"favicon,omitempty"`
	Emoji   []Emoji `json:"emoji,omitempty"` // by name in lower case
}

func setting() repository.Setting[index] { return repository.Setting[index]{Section: "assets"} }

// find returns where an emoji is, or belongs.
func (x *index) find(name string) (int, bool) {
	return slices.BinarySearchFunc(x.Emoji, strings.ToLower(name), func(e Emoji, name string) int {
		return strings.Compare(strings.ToLower(e.Name), name)
	})
}

// snapshot is the index of a revision, which is not changed.
type snapshot struct {
	revision int64
	index    index
	emoji    map[string]Emoji // by name in lower case
}

// load returns the index as it is stored now. It is decoded once for each
// revision.
func (s *Store) load(ctx context.Context) (*snapshot, error) {
	doc, err := s.settings.Load(ctx, setting().Section)
	if err != nil && !errors.Is(err, repository.ErrNotFound) {
		return nil, fmt.Errorf("load index of pictures: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.now != nil && s.now.revision == doc.Revision {
		return s.now, nil
	}
	now := &snapshot{revision: doc.Revision, emoji: map[string]Emoji{}}
	if len(doc.Data) > 0 {
		if err := json.Unmarshal(doc.Data, &now.index); err != nil {
			return nil, fmt.Errorf("index of pictures: %w: %w", repository.ErrCorrupt, err)
		}
	}
	for _, e := range now.index.Emoji {
		now.emoji[strings.ToLower(e.Name)] = e
	}
	s.now = now
	return now, nil
}
