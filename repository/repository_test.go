package repository_test

import (
	"context"
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/owncast-go/owncast/repository"
	"github.com/owncast-go/owncast/repository/memory"
)

type config struct {
	Name string
	Tags []string
	Max  int
}

var errNoName = errors.New("a name is needed")

func setting() repository.Setting[config] {
	return repository.Setting[config]{
		Section: "config",
		Default: func() config { return config{Name: "default", Max: 5} },
		Validate: func(c *config) error {
			c.Name = strings.TrimSpace(c.Name)
			if c.Name == "" {
				return errNoName
			}
			return nil
		},
	}
}

func TestValidateNamesWhatIsMissing(t *testing.T) {
	if err := (repository.Repository{}).Validate(); err == nil || !strings.Contains(err.Error(), "Settings") {
		t.Errorf("Validate of nothing = %v, want the missing store named", err)
	}
	if err := memory.New().Validate(); err != nil {
		t.Errorf("Validate = %v", err)
	}
}

func TestASettingNeverSavedIsItsDefault(t *testing.T) {
	st := memory.New().Settings
	v, rev, err := setting().Get(t.Context(), st)
	if want := (config{Name: "default", Max: 5}); err != nil || rev != 0 || !reflect.DeepEqual(v, want) {
		t.Errorf("Get = %+v, %d, %v; want %+v at revision 0", v, rev, err, want)
	}
	if v, _, err := (repository.Setting[config]{Section: "x"}).Get(t.Context(), st); err != nil || !reflect.DeepEqual(v, config{}) {
		t.Errorf("Get without a default = %+v, %v; want the zero value", v, err)
	}
}

func TestAnOldDocumentKeepsTheDefaultsOfNewFields(t *testing.T) {
	st := memory.New().Settings
	if _, err := st.Save(t.Context(), "config", 0, json.RawMessage(`{"Name":"old","Gone":true}`)); err != nil {
		t.Fatal(err)
	}
	v, rev, err := setting().Get(t.Context(), st)
	if want := (config{Name: "old", Max: 5}); err != nil || rev != 1 || !reflect.DeepEqual(v, want) {
		t.Errorf("Get = %+v, %d, %v; want %+v", v, rev, err, want)
	}
}

func TestUpdateSavesWhatValidateMadeOfIt(t *testing.T) {
	st := memory.New().Settings
	v, err := setting().Update(t.Context(), st, func(c *config) error {
		c.Name, c.Tags = " spaced ", []string{"a"}
		return nil
	})
	want := config{Name: "spaced", Tags: []string{"a"}, Max: 5}
	if err != nil || !reflect.DeepEqual(v, want) {
		t.Errorf("Update = %+v, %v; want %+v", v, err, want)
	}
	if v, rev, err := setting().Get(t.Context(), st); err != nil || rev != 1 || !reflect.DeepEqual(v, want) {
		t.Errorf("Get = %+v, %d, %v; want %+v", v, rev, err, want)
	}
}

func TestARefusedUpdateSavesNothing(t *testing.T) {
	st := memory.New().Settings
	boom := errors.New("boom")
	_, err := setting().Update(t.Context(), st, func(*config) error { return boom })
	if err != boom { //nolint:errorlint // the very error is promised
		t.Errorf("Update = %v, want the error of its function as it is", err)
	}
	_, err = setting().Update(t.Context(), st, func(c *config) error { c.Name = " "; return nil })
	var invalid *repository.InvalidError
	if !errors.As(err, &invalid) || invalid.Section != "config" || !errors.Is(err, errNoName) || !errors.Is(err, repository.ErrInvalid) {
		t.Errorf("Update with an invalid value = %#v, want an InvalidError with the reason in it", err)
	}
	if _, rev, err := setting().Get(t.Context(), st); rev != 0 || err != nil {
		t.Errorf("after refused updates: revision %d, %v", rev, err)
	}
}

func TestAConflictOfTheFunctionIsNoReasonToTryAgain(t *testing.T) {
	calls := 0
	_, err := setting().Update(t.Context(), memory.New().Settings, func(*config) error {
		calls++
		return repository.ErrConflict
	})
	if !errors.Is(err, repository.ErrConflict) || calls != 1 {
		t.Errorf("Update = %v after %d calls, want the function's error after one", err, calls)
	}
}

func TestADocumentThatDoesNotDecodeIsCorrupt(t *testing.T) {
	st := memory.New().Settings
	if _, err := st.Save(t.Context(), "config", 0, json.RawMessage(`{"Max":"many"}`)); err != nil {
		t.Fatal(err)
	}
	if v, _, err := setting().Get(t.Context(), st); !errors.Is(err, repository.ErrCorrupt) || !reflect.DeepEqual(v, config{}) {
		t.Errorf("Get = %+v, %v; want no value and ErrCorrupt", v, err)
	}
	if _, err := setting().Update(t.Context(), st, func(*config) error { return nil }); !errors.Is(err, repository.ErrCorrupt) {
		t.Errorf("Update = %v, want ErrCorrupt", err)
	}
}

// fake is a Settings of functions.
type fake struct {
	load func() (repository.Document, error)
	save func(rev int64) (repository.Document, error)
}

func (f fake) Load(context.Context, string) (repository.Document, error) { return f.load() }

func (f fake) Save(_ context.Context, _ string, rev int64, _ json.RawMessage) (repository.Document, error) {
	return f.save(rev)
}

func TestUpdateTriesAgainUntilItsContextEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	tries := int64(0)
	st := fake{
		load: func() (repository.Document, error) {
			return repository.Document{Revision: tries, Data: json.RawMessage(`{}`)}, nil
		},
		save: func(rev int64) (repository.Document, error) {
			if rev != tries {
				t.Errorf("Save at revision %d, which is not the one just loaded", rev)
			}
			if tries++; tries == 3 {
				cancel()
			}
			return repository.Document{}, repository.ErrConflict
		},
	}
	if _, err := setting().Update(ctx, st, func(*config) error { return nil }); !errors.Is(err, context.Canceled) || tries != 3 {
		t.Errorf("Update = %v after %d tries, want context.Canceled after 3", err, tries)
	}
}

func TestErrorsOfTheStoreArePassedOn(t *testing.T) {
	boom := errors.New("boom")
	none := func() (repository.Document, error) { return repository.Document{}, repository.ErrNotFound }
	broken := func() (repository.Document, error) { return repository.Document{}, boom }
	if _, _, err := setting().Get(t.Context(), fake{load: broken}); !errors.Is(err, boom) {
		t.Errorf("Get = %v", err)
	}
	st := fake{load: none, save: func(int64) (repository.Document, error) { return broken() }}
	if _, err := setting().Update(t.Context(), st, func(*config) error { return nil }); !errors.Is(err, boom) {
		t.Errorf("Update = %v", err)
	}
}
