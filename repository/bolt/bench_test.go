package bolt_test

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
)

// document is of the size of a busy section.
func document() json.RawMessage {
	return json.RawMessage(`{"text":"` + strings.Repeat("x", 2000) + `"}`)
}

func BenchmarkSettingsSave(b *testing.B) {
	st := open(b, filepath.Join(b.TempDir(), "bench.db")).Repository().Settings
	data := document()
	b.ReportAllocs()
	rev := int64(0)
	for b.Loop() {
		if _, err := st.Save(b.Context(), "a", rev, data); err != nil {
			b.Fatal(err)
		}
		rev++
	}
}

func BenchmarkSettingsLoad(b *testing.B) {
	st := open(b, filepath.Join(b.TempDir(), "bench.db")).Repository().Settings
	if _, err := st.Save(b.Context(), "a", 0, document()); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := st.Load(b.Context(), "a"); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkOpen(b *testing.B) {
	path := filepath.Join(b.TempDir(), "bench.db")
	b.ReportAllocs()
	for b.Loop() {
		if err := open(b, path).Close(); err != nil {
			b.Fatal(err)
		}
	}
}
