package repositorytest_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"

	"github.com/owncast-go/owncast/repository"
	"github.com/owncast-go/owncast/repository/memory"
	"github.com/owncast-go/owncast/repository/repositorytest"
)

// mistakeName names, in the process that TestTheSuiteFindsMistakes starts, the
// mistake that the repository under test makes.
const mistakeName = "REPOSITORYTEST_MISTAKE"

func TestSuite(t *testing.T) {
	repositorytest.Run(t, func(*testing.T) repository.Repository {
		r := memory.New()
		for _, m := range mistakes() {
			if m.name == os.Getenv(mistakeName) {
				b := &bad{Settings: r.Settings}
				m.make(b)
				r.Settings = b
			}
		}
		if spoil := storeMistakes()[os.Getenv(mistakeName)]; spoil.make != nil {
			spoil.make(&r)
		}
		return r
	})
}

func TestTheSuiteFindsMistakes(t *testing.T) {
	all := mistakes()
	for name, m := range storeMistakes() {
		all = append(all, mistake{name: name, found: m.found})
	}
	for _, m := range all {
		t.Run(m.name, func(t *testing.T) {
			cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestSuite$/^"+m.found+"$", "-test.timeout=1m")
			cmd.Env = append(os.Environ(), mistakeName+"="+m.name)
			out, err := cmd.CombinedOutput()
			if exit := new(exec.ExitError); !errors.As(err, &exit) || !bytes.Contains(out, []byte("--- FAIL: TestSuite/"+m.found)) {
				t.Errorf("%s does not find it: %v\n%s", m.found, err, out)
			}
		})
	}
}

// bad is a store of settings of which some functions are replaced.
type bad struct {
	repository.Settings
	load func(ctx context.Context, section string) (repository.Document, error)
	save func(ctx context.Context, section string, rev int64, data json.RawMessage) (repository.Document, error)
}

func (b *bad) Load(ctx context.Context, section string) (repository.Document, error) {
	if b.load != nil {
		return b.load(ctx, section)
	}
	return b.Settings.Load(ctx, section)
}

func (b *bad) Save(ctx context.Context, section string, rev int64, data json.RawMessage) (repository.Document, error) {
	if b.save != nil {
		return b.save(ctx, section, rev, data)
	}
	return b.Settings.Save(ctx, section, rev, data)
}

// mistake is something a store may do wrong, and the subtest that finds it.
type mistake struct {
	name, found string
	make        func(b *bad)
}

// shared is a store that neither copies nor compares.
type shared struct {
	mu   sync.Mutex
	docs map[string]repository.Document
}

func (s *shared) load(_ context.Context, section string) (repository.Document, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	doc, ok := s.docs[section]
	if !ok {
		return doc, repository.ErrNotFound
	}
	return doc, nil
}

func (s *shared) save(_ context.Context, section string, rev int64, data json.RawMessage) (repository.Document, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	doc := repository.Document{Revision: rev + 1, Data: data}
	s.docs[section] = doc
	return doc, nil
}

func mistakes() []mistake {
	share := func(b *bad) {
		s := &shared{docs: map[string]repository.Document{}}
		b.load, b.save = s.load, s.save
	}
	rename := func(f func(string) string) func(b *bad) {
		return func(b *bad) {
			b.load = func(ctx context.Context, section string) (repository.Document, error) {
				return b.Settings.Load(ctx, f(section))
			}
			b.save = func(ctx context.Context, section string, rev int64, data json.RawMessage) (repository.Document, error) {
				return b.Settings.Save(ctx, f(section), rev, data)
			}
		}
	}
	return []mistake{
		{"returns what it keeps", "SettingsReturnsCopies", share},
		{"keeps what is the caller's", "SettingsKeepsCopies", share},
		{"lets everybody win", "SettingsOneWriterWins", share},
		{"overwrites", "SettingsConflictChangesNothing", share},
		{"loses updates", "SettingsUpdatesAreNotLost", share},
		{"takes anything", "SettingsInvalidIsRefused", share},
		{"does not look at contexts", "SettingsCanceledContext", share},
		{"ignores case", "SettingsOddSections", rename(strings.ToLower)},
		{"cuts names", "SettingsOddSections", rename(func(s string) string { return strings.SplitN(s, "\x00", 2)[0] })},
		{"is empty where it has nothing", "SettingsNotFound", func(b *bad) {
			b.load = func(ctx context.Context, section string) (repository.Document, error) {
				doc, err := b.Settings.Load(ctx, section)
				if errors.Is(err, repository.ErrNotFound) {
					return repository.Document{Data: json.RawMessage(`{}`)}, nil
				}
				return doc, err
			}
		}},
		{"loads what was there before", "SettingsSaveThenLoad", func(b *bad) {
			var old repository.Document
			b.save = func(ctx context.Context, section string, rev int64, data json.RawMessage) (repository.Document, error) {
				old, _ = b.Settings.Load(ctx, section)
				return b.Settings.Save(ctx, section, rev, data)
			}
			b.load = func(ctx context.Context, section string) (repository.Document, error) {
				if old.Revision > 0 {
					return old, nil
				}
				return b.Settings.Load(ctx, section)
			}
		}},
		{"counts only changes", "SettingsRevisionsCount", func(b *bad) {
			b.save = func(ctx context.Context, section string, rev int64, data json.RawMessage) (repository.Document, error) {
				if doc, err := b.Settings.Load(ctx, section); err == nil && bytes.Equal(doc.Data, data) {
					return doc, nil
				}
				return b.Settings.Save(ctx, section, rev, data)
			}
		}},
		{"has floats for numbers", "SettingsAnyJSON", func(b *bad) {
			b.save = func(ctx context.Context, section string, rev int64, data json.RawMessage) (repository.Document, error) {
				var v any
				if err := json.Unmarshal(data, &v); err != nil {
					return repository.Document{}, repository.ErrInvalid
				}
				data, err := json.Marshal(v)
				if err != nil {
					return repository.Document{}, err
				}
				return b.Settings.Save(ctx, section, rev, data)
			}
		}},
		{"has only so much room", "SettingsBigDocument", func(b *bad) {
			b.save = func(ctx context.Context, section string, rev int64, data json.RawMessage) (repository.Document, error) {
				if len(data) > 1<<20 {
					return repository.Document{}, repository.ErrInvalid
				}
				return b.Settings.Save(ctx, section, rev, data)
			}
		}},
		{"mixes revisions", "SettingsLoadWhileSaving", func(b *bad) {
			b.load = func(ctx context.Context, section string) (repository.Document, error) {
				doc, err := b.Settings.Load(ctx, section)
				if err != nil {
					return doc, err
				}
				later, err := b.Settings.Load(ctx, section)
				later.Revision = max(1, doc.Revision-1)
				return later, err
			}
		}},
	}
}
