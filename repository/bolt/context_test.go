package bolt

import (
	"context"
	"encoding/json"
	"errors"
	"path/filepath"
	"testing"

	"go.etcd.io/bbolt"
)

func TestAWriterThatWaitsHeedsItsContext(t *testing.T) {
	db, err := Open(filepath.Join(t.TempDir(), "test.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	st := db.Repository().Settings
	err = db.update(t.Context(), func(*bbolt.Tx) error { // holds the writer's place
		ctx, cancel := context.WithCancel(t.Context())
		saved := make(chan error)
		go func() {
			_, err := st.Save(ctx, "a", 0, json.RawMessage(`1`))
			saved <- err
		}()
		if _, err := st.Load(t.Context(), "a"); err == nil {
			t.Error("Load finds what is not saved yet")
		}
		cancel()
		if err := <-saved; !errors.Is(err, context.Canceled) {
			t.Errorf("Save = %v, want context.Canceled", err)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	if _, err := st.Save(t.Context(), "a", 0, json.RawMessage(`1`)); err != nil {
		t.Errorf("Save afterwards = %v", err)
	}
}
