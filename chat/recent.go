package chat

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/owncast-go/owncast/repository"
)

const (
	// historyPages is how often the store is asked for more, where much of
	// what it has is not shown.
	historyPages = 10
	// maxListed is how many messages administrators see.
	maxListed = 5000
)

// recentCache keeps the history as those who come get it, which many do at the
// same time.
type recentCache struct {
	making sync.Mutex // one at a time

	mu     sync.Mutex // guards the rest
	number uint64     // of changes
	size   int        // that was asked for
	body   []byte     // nil if there is none
}

// forget says that the history has changed.
func (r *recentCache) forget() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.number++
	r.body = nil
}

func (r *recentCache) get(size int) (body []byte, number uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.size != size {
		return nil, r.number
	}
	return r.body, r.number
}

func (r *recentCache) put(body []byte, number uint64, size int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.number == number {
		r.body, r.size = body, size
	}
}

// historyDocument is a message in the history.
type historyDocument struct {
	Type      Kind      `json:"type"`
	ID        string    `json:"id"`
	Timestamp time.Time `json:"timestamp"`
	Body      string    `json:"body"`
	User      UserInfo  `json:"user"`
	HiddenAt  any       `json:"hiddenAt,omitempty"`
}

// Recent returns the last messages that everybody may see, as a JSON array,
// the oldest first. It must not be changed.
func (s *Server) Recent(ctx context.Context) (json.RawMessage, error) {
	set, err := s.cfg.Settings(ctx)
	if err != nil {
		return nil, err
	}
	if body, _ := s.recent.get(set.HistorySize); body != nil {
		return body, nil
	}
	s.recent.making.Lock()
	defer s.recent.making.Unlock()
	body, number := s.recent.get(set.HistorySize)
	if body != nil {
		return body, nil
	}
	ms, err := s.lastMessages(ctx, set.HistorySize)
	if err != nil {
		return nil, err
	}
	slices.Reverse(ms)
	docs := make([]historyDocument, len(ms))
	for i := range ms {
		docs[i] = ms[i].document()
	}
	if body, err = json.Marshal(docs); err != nil {
		return nil, err
	}
	s.recent.put(body, number, set.HistorySize)
	return body, nil
}

func (m *Message) document() historyDocument {
	d := historyDocument{Type: m.Kind, ID: m.ID, Timestamp: m.SentAt, Body: m.Body, User: m.User}
	if !m.HiddenAt.IsZero() {
		d.HiddenAt = m.HiddenAt
	}
	return d
}

// MarshalJSON is a message as clients get it in the history.
func (m Message) MarshalJSON() ([]byte, error) { return json.Marshal(m.document()) }

// lastMessages returns visible messages of users who are not disabled, the
// newest first.
func (s *Server) lastMessages(ctx context.Context, n int) ([]Message, error) {
	var ms []Message
	q := repository.MessageQuery{Kinds: []string{string(KindMessage)}, Limit: 2 * n}
	users := s.newAuthors()
	seen := map[string]bool{}
	add := func(m repository.Message) error {
		if seen[m.ID] || len(ms) >= n || m.Kind != string(KindMessage) || m.Hidden() {
			return nil
		}
		seen[m.ID] = true
		u, err := users.find(ctx, m.UserID)
		if err == nil && u != nil && !u.Disabled() {
			ms = append(ms, s.message(m, *u))
		}
		return err
	}
	// What is not stored yet is read first: what is stored meanwhile is there
	// twice then, and is not missing.
	// With a relay it is not shown yet.
	if s.out == nil {
		for _, m := range slices.Backward(s.past.unstored()) {
			if err := add(m); err != nil {
				return nil, err
			}
		}
	}
	for range historyPages {
		page, err := s.cfg.Stores.Messages.Messages(ctx, q)
		if err != nil {
			return nil, err
		}
		for _, m := range page {
			if err := add(m); err != nil {
				return nil, err
			}
		}
		if len(ms) >= n || len(page) < q.Limit {
			break
		}
		q.Before = page[len(page)-1].Seq
	}
	return ms, nil
}

// message is a stored one as it is shown.
func (s *Server) message(m repository.Message, u repository.User) Message {
	return Message{ID: m.ID, Kind: Kind(m.Kind), SentAt: m.SentAt, HiddenAt: m.HiddenAt, Body: s.cfg.Text.Clean(m.Body), User: InfoOf(u)}
}

// Messages returns the last messages of users, the newest first, those that
// are hidden among them: of one user, or of all if userID is empty, and 5000
// at the most.
func (s *Server) Messages(ctx context.Context, userID string) ([]Message, error) {
	if err := s.past.settled(ctx); err != nil {
		return nil, err
	}
	page, err := s.cfg.Stores.Messages.Messages(ctx, repository.MessageQuery{
		UserID: userID, Kinds: []string{string(KindMessage)}, Hidden: true, Limit: maxListed,
	})
	if err != nil {
		return nil, err
	}
	ms, users := make([]Message, 0, len(page)), s.newAuthors()
	for _, m := range page {
		u, err := users.find(ctx, m.UserID)
		if err != nil {
			return nil, err
		}
		if u != nil {
			ms = append(ms, s.message(m, *u))
		}
	}
	return ms, nil
}

// finder finds the users who wrote messages, each once.
type finder struct {
	users repository.Users
	known map[string]*repository.User
}

func (s *Server) newAuthors() finder {
	return finder{users: s.cfg.Stores.Users, known: map[string]*repository.User{}}
}

// find returns a user; nil if there is none.
func (f finder) find(ctx context.Context, id string) (*repository.User, error) {
	if u, ok := f.known[id]; ok {
		return u, nil
	}
	u, err := f.users.User(ctx, id)
	switch {
	case errors.Is(err, repository.ErrNotFound):
		f.known[id] = nil
		return nil, nil
	case err != nil:
		return nil, err
	}
	f.known[id] = &u
	return &u, nil
}
