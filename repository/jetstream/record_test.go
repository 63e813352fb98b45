package jetstream

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"testing"

	"pgregory.net/rapid"

	"github.com/owncast-go/owncast/repository"
	"github.com/owncast-go/owncast/repository/internal/kvstore"
	"github.com/owncast-go/owncast/repository/internal/tree"
)

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

// TestNodesThatReadTheLogHaveWhatTheWriterHas runs transactions, some of which
// fail, and follows the records that come of them, which are cut small.
func TestNodesThatReadTheLogHaveWhatTheWriterHas(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ours := &version{state: new(tree.State)}
		theirs := ours
		size := rapid.SampledFrom([]int{recordHeader + maxHeaders + 1, recordHeader + maxHeaders + 20, 1 << 20}).Draw(t, "size of a message")
		for range rapid.IntRange(1, 5).Draw(t, "groups") {
			var us []*update
			for range rapid.IntRange(0, 4).Draw(t, "transactions") {
				us = append(us, &update{ctx: t.Context(), fn: transaction(t)})
			}
			tx := ours.state.Begin()
			written := runAll(tx, us, 1<<20)
			rs, err := cut(kindWrites, written.encode(), size, newRecordID, theirs.last)
			if err != nil {
				t.Fatal(err)
			}
			if rapid.IntRange(0, 3).Draw(t, "abandoned") == 0 && len(rs) > 1 {
				// Somebody else had begun, and did not come to an end.
				theirs = follow(t, theirs, rs[:len(rs)-1])
				if rs, err = cut(kindWrites, written.encode(), size, newRecordID, theirs.last); err != nil {
					t.Fatal(err)
				}
			}
			theirs = follow(t, theirs, rs)
			ours = &version{state: tx.State()}
			if !maps.Equal(contents(ours.state), contents(theirs.state)) || ours.state.Size() != theirs.state.Size() {
				t.Fatalf("the writer has %v, the reader %v", contents(ours.state), contents(theirs.state))
			}
			if theirs.busy() {
				t.Fatal("the reader waits for more")
			}
		}
	})
}

func transaction(t *rapid.T) func(kvstore.Tx) error {
	type op struct {
		bucket     kvstore.Bucket
		key, value []byte
		del        bool
	}
	var ops []op
	for range rapid.IntRange(0, 5).Draw(t, "writes") {
		ops = append(ops, op{
			bucket: kvstore.Bucket(rapid.IntRange(0, 2).Draw(t, "bucket")),
			key:    []byte(rapid.SampledFrom([]string{"a", "b", "c", "dd"}).Draw(t, "key")),
			value:  rapid.SliceOfN(rapid.Byte(), 0, 30).Draw(t, "value"),
			del:    rapid.Bool().Draw(t, "delete"),
		})
	}
	fails := rapid.IntRange(0, 4).Draw(t, "fails") == 0
	return func(tx kvstore.Tx) error {
		for _, o := range ops {
			if o.del {
				tx.Delete(o.bucket, o.key)
			} else {
				tx.Put(o.bucket, o.key, o.value)
			}
		}
		if fails {
			return errors.New("fails")
		}
		return nil
	}
}

func follow(t *rapid.T, v *version, rs []record) *version {
	t.Helper()
	for i := range rs {
		before := v
		n, restore, err := v.after(v.seq+1, rs[i].encode(), kvstore.Buckets())
		if err != nil || restore != nil {
			t.Fatalf("record %d of %d: %v, %v", i, len(rs), restore, err)
		}
		if n.seq != before.seq+1 || n.last != rs[i].id {
			t.Fatalf("after record %d of %d comes %d, %x", i, len(rs), n.seq, n.last)
		}
		v = n
	}
	return v
}

func TestRecordsThatDoNotFollow(t *testing.T) {
	v := &version{state: new(tree.State), seq: 5, last: 7}
	known := kvstore.Buckets()
	for name, test := range map[string]struct {
		record record
		want   error
	}{
		"another log":     {record{id: 8, prev: 6, kind: kindWrites, pieces: 1}, errDiverged},
		"no id":           {record{prev: 7, kind: kindWrites, pieces: 1}, repository.ErrCorrupt},
		"no pieces":       {record{id: 8, prev: 7, kind: kindWrites}, repository.ErrCorrupt},
		"piece too high":  {record{id: 8, prev: 7, kind: kindWrites, piece: 2, pieces: 2}, repository.ErrCorrupt},
		"too many pieces": {record{id: 8, prev: 7, kind: kindWrites, pieces: maxPieces + 1}, repository.ErrCorrupt},
		"nothing":         {record{id: 8, prev: 7, kind: kindWrites, pieces: 1}, repository.ErrCorrupt},
	} {
		if _, _, err := v.after(6, test.record.encode(), known); !errors.Is(err, test.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, _, err := v.after(6, nil, known); !errors.Is(err, repository.ErrCorrupt) {
		t.Errorf("an empty record: %v", err)
	}
	newer := record{id: 8, prev: 7, kind: kindWrites, pieces: 1, data: []byte("\x01\x05later\x00")}
	unknown := record{id: 8, prev: 7, kind: 77, pieces: 1}
	form := newer.encode()
	form[0] = recordForm + 1
	for name, data := range map[string][]byte{"bucket": newer.encode(), "kind": unknown.encode(), "form": form} {
		if schema := new(SchemaError); true {
			if _, _, err := v.after(6, data, known); !errors.As(err, &schema) {
				t.Errorf("a %s of a newer program: %v", name, err)
			}
		}
	}
	restored := record{id: 8, prev: 1, kind: kindRestore, pieces: 1, data: []byte("name")}
	if _, r, err := v.after(6, restored.encode(), known); err != nil || r == nil || r.snapshot != "name" {
		t.Errorf("what takes the place of everything: %v, %v", r, err)
	}
	if _, err := cut(kindWrites, bytes.Repeat([]byte("x"), maxPieces+1), recordHeader+maxHeaders+1, newRecordID, 0); !errors.Is(err, repository.ErrInvalid) {
		t.Errorf("too many pieces: %v", err)
	}
}

func FuzzRecord(f *testing.F) {
	tx := new(tree.State).Begin()
	written := runAll(tx, []*update{{ctx: f.Context(), fn: func(tx kvstore.Tx) error {
		tx.Put(kvstore.Settings, []byte("a"), []byte("value"))
		tx.Put(kvstore.Users, []byte("b"), nil)
		tx.Delete(kvstore.Settings, []byte("a"))
		return nil
	}}}, 1<<20)
	r := record{id: 1, kind: kindWrites, pieces: 1, data: written.encode()}
	f.Add(r.encode(), r.encode())
	first := record{id: 1, kind: kindWrites, pieces: 2, data: r.data[:5]}
	second := record{id: 2, prev: 1, kind: kindWrites, piece: 1, pieces: 2, data: r.data[5:]}
	f.Add(first.encode(), second.encode())
	known := kvstore.Buckets()
	f.Fuzz(func(t *testing.T, a, b []byte) {
		v := &version{state: new(tree.State)}
		for i, data := range [][]byte{a, b} {
			n, restore, err := v.after(uint64(i+1), data, known)
			if err != nil || restore != nil {
				return
			}
			if n.seq != uint64(i+1) || n.state == nil {
				t.Fatal(fmt.Sprint("version ", n.seq))
			}
			v = n
		}
	})
}
