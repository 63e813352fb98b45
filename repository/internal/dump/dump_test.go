package dump_test

import (
	"bytes"
	"errors"
	"io"
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/owncast-go/owncast/repository"
	"github.com/owncast-go/owncast/repository/internal/dump"
	"github.com/owncast-go/owncast/repository/internal/kvstore"
	"github.com/owncast-go/owncast/repository/internal/tree"
)

const plenty = 1 << 30

// contents are all keys and values of a state, by bucket.
func contents(s *tree.State) map[string]string {
	all := map[string]string{}
	t := s.Begin()
	for b := range kvstore.NumBuckets {
		for k, v := range t.Ascend(b, nil) {
			all[b.String()+"/"+string(k)] = string(v)
		}
	}
	return all
}

func dumped(t interface{ Fatal(...any) }, s *tree.State, at dump.Place) []byte {
	var b bytes.Buffer
	if err := dump.Write(&b, s.Begin(), at); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestWhatIsWrittenIsRead(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tx := new(tree.State).Begin()
		for range rapid.IntRange(0, 30).Draw(t, "records") {
			b := kvstore.Bucket(rapid.IntRange(0, int(kvstore.NumBuckets)-1).Draw(t, "bucket"))
			tx.Put(b, rapid.SliceOfN(rapid.Byte(), 1, 10).Draw(t, "key"), rapid.SliceOf(rapid.Byte()).Draw(t, "value"))
		}
		at := dump.Place{Seq: rapid.Uint64().Draw(t, "seq"), ID: rapid.Uint64().Draw(t, "id")}
		data := dumped(t, tx.State(), at)
		s, place, err := dump.Read(bytes.NewReader(data), plenty)
		if err != nil || place != at || !maps.Equal(contents(s), contents(tx.State())) || s.Size() != tx.State().Size() {
			t.Fatalf("Read = %v, %v, %v; want %v, %v", contents(s), place, err, contents(tx.State()), at)
		}
		// A byte that is another one is noticed.
		i := rapid.IntRange(0, len(data)-1).Draw(t, "byte")
		data[i] ^= byte(rapid.IntRange(1, 255).Draw(t, "bits"))
		_, _, err = dump.Read(bytes.NewReader(data), plenty)
		if newer := new(dump.SchemaError); !errors.Is(err, repository.ErrCorrupt) && !errors.As(err, &newer) && !errors.Is(err, dump.ErrTooLarge) {
			t.Fatalf("byte %d has changed: %v", i, err)
		}
	})
}

func sample() *tree.State {
	tx := new(tree.State).Begin()
	tx.Put(kvstore.Settings, []byte("section"), []byte("value"))
	tx.Put(kvstore.Messages, []byte("a"), bytes.Repeat([]byte("x"), 3<<20))
	tx.Put(kvstore.Messages, []byte("b"), []byte{})
	return tx.State()
}

func TestDumpsThatAreNotWhole(t *testing.T) {
	data := dumped(t, sample(), dump.Place{Seq: 1, ID: 2})
	for n := 0; n < len(data); n += 1 + n/3 {
		if _, _, err := dump.Read(bytes.NewReader(data[:n]), plenty); !errors.Is(err, repository.ErrCorrupt) {
			t.Errorf("%d bytes of %d: %v", n, len(data), err)
		}
	}
	if _, _, err := dump.Read(bytes.NewReader(data), 3<<20); !errors.Is(err, dump.ErrTooLarge) {
		t.Errorf("more than the limit: %v", err)
	}
	broken := errors.New("broken")
	if _, _, err := dump.Read(io.MultiReader(bytes.NewReader(data[:100]), &failing{broken}), plenty); !errors.Is(err, broken) && !errors.Is(err, repository.ErrCorrupt) {
		t.Errorf("a reader that fails: %v", err)
	}
	if err := dump.Write(&failing{broken}, sample().Begin(), dump.Place{}); !errors.Is(err, broken) {
		t.Errorf("a writer that fails: %v", err)
	}
}

type failing struct{ err error }

func (f *failing) Read([]byte) (int, error)  { return 0, f.err }
func (f *failing) Write([]byte) (int, error) { return 0, f.err }

func FuzzRead(f *testing.F) {
	f.Add(dumped(f, sample(), dump.Place{Seq: 1, ID: 2})[:200])
	f.Add(dumped(f, new(tree.State), dump.Place{}))
	f.Fuzz(func(t *testing.T, data []byte) {
		s, at, err := dump.Read(bytes.NewReader(data), 1<<20)
		if err != nil {
			return
		}
		again, place, err := dump.Read(bytes.NewReader(dumped(t, s, at)), 1<<20)
		if err != nil || place != at || !slices.Equal(slices.Sorted(maps.Keys(contents(again))), slices.Sorted(maps.Keys(contents(s)))) {
			t.Fatalf("what was read and written is read as %v, %v", place, err)
		}
	})
}
