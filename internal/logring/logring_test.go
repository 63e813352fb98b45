package logring

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/slogtest"
	"time"
	"unicode/utf8"
)

// logger logs to a new Ring alone.
func logger() (*slog.Logger, *Ring) {
	r := New()
	return slog.New(r.Handler(slog.DiscardHandler, slog.LevelInfo)), r
}

func last(t *testing.T, r *Ring) string {
	t.Helper()
	all := r.All()
	if len(all) == 0 {
		t.Fatal("nothing was kept")
	}
	return all[len(all)-1].Message
}

func TestTheNextHandlerGetsRecordsAsTheyAre(t *testing.T) {
	var b bytes.Buffer
	h := New().Handler(slog.NewJSONHandler(&b, nil), slog.LevelInfo)
	err := slogtest.TestHandler(h, func() []map[string]any {
		var list []map[string]any
		for line := range strings.Lines(b.String()) {
			var m map[string]any
			if err := json.Unmarshal([]byte(line), &m); err != nil {
				t.Fatal(err)
			}
			list = append(list, m)
		}
		return list
	})
	if err != nil {
		t.Error(err)
	}
}

type valuer struct{ f func() slog.Value }

func (v valuer) LogValue() slog.Value { return v.f() }

func TestAttributesAreWrittenOnOneLine(t *testing.T) {
	u, err := url.Parse("rtmp://user:hunter2@example.org/app?auth=hunter2#hunter2")
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name string
		log  func(*slog.Logger)
		want string
	}{
		{"none", func(l *slog.Logger) { l.Info("plain") }, "plain"},
		{"kinds", func(l *slog.Logger) {
			l.Info("m", "s", "x y", "i", 7, "b", true, "d", time.Second, "t", time.Unix(0, 0), "e", errors.New("wrong"), "n", nil)
		}, "m s=x y i=7 b=true d=1s t=1970-01-01T00:00:00Z e=wrong n=<nil>"},
		{"With", func(l *slog.Logger) { l.With("a", 1).With("b", 2).Info("m", "c", 3) }, "m a=1 b=2 c=3"},
		{"WithGroup", func(l *slog.Logger) {
			l.With("a", 1).WithGroup("g").With("b", 2).WithGroup("h").WithGroup("").Info("m", "c", 3)
		}, "m a=1 g.b=2 g.h.c=3"},
		{"groups", func(l *slog.Logger) {
			l.Info("m", slog.Group("g", "a", 1, slog.Group("h", "b", 2)), slog.Group("", "c", 3), slog.Group("none"), slog.Attr{})
		}, "m g.a=1 g.h.b=2 c=3"},
		{"LogValuer", func(l *slog.Logger) {
			l.Info("m", "v", valuer{func() slog.Value { return slog.GroupValue(slog.Int("a", 1)) }})
		}, "m v.a=1"},
		{"lines", func(l *slog.Logger) { l.Info("a\nb\x00", "c", "d\r\ne\xff\u202e") }, "a b  c=d  e? "},
		{"secrets", func(l *slog.Logger) {
			l.With("streamKey", "hunter2").Info("m", "Admin-Password", "hunter2", "access_token", "hunter2", "API key", "hunter2",
				slog.Group("secret", "x", "hunter2"), slog.Group("g", "Cookie", "hunter2"), "monkeys", 1, "keyframe", 2)
		}, "m streamKey=[redacted] Admin-Password=[redacted] access_token=[redacted] API key=[redacted] secret=[redacted] g.Cookie=[redacted] monkeys=[redacted] keyframe=2"},
		{"URLs", func(l *slog.Logger) { l.Info("m", "u", u) }, "m u=rtmp://user:xxxxx@example.org/app"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l, r := logger()
			tt.log(l)
			if got := last(t, r); got != tt.want {
				t.Errorf("got  %q\nwant %q", got, tt.want)
			}
		})
	}
}

func TestEntriesAreBounded(t *testing.T) {
	l, r := logger()
	long := strings.Repeat("ü", 10_000)
	l.Info(long)
	if m := last(t, r); len(m) > maxMessage || len(m) < maxMessage-4 || !utf8.ValidString(m) || !strings.HasSuffix(m, "…") {
		t.Errorf("%d bytes: %q", len(m), m)
	}
	l.Info("m", "x", long, "y", errors.New(long), "z", 1)
	if m := last(t, r); len(m) > 2*maxValue+20 || !strings.HasSuffix(m, "… z=1") {
		t.Errorf("%d bytes: %q", len(m), m)
	}
	for i := range 100 {
		l = l.With(fmt.Sprint("k", i), long)
	}
	l.Info("m", "x", long)
	if m := last(t, r); len(m) > maxEntry || !utf8.ValidString(m) {
		t.Errorf("%d bytes", len(m))
	}
	deep := slog.Int("x", 1)
	for range 100 {
		deep = slog.Attr{Key: "g", Value: slog.GroupValue(deep)}
	}
	l, r = logger()
	l.Info("m", deep)
	if m := last(t, r); m != "m" {
		t.Errorf("%q", m)
	}
}

func TestTheLastFiveHundredAreKept(t *testing.T) {
	l, r := logger()
	if r.All() == nil || len(r.All()) != 0 {
		t.Error("an empty ring has entries, or nil")
	}
	for i := range 2*Size + 7 {
		l.Info(fmt.Sprint(i))
		if i%3 == 0 {
			l.Warn(fmt.Sprint("w", i))
		}
	}
	l.Debug("not kept")
	all, warnings := r.All(), r.Warnings()
	if len(all) != Size || all[Size-1].Message != "1006" || all[0].Time.After(all[1].Time) {
		t.Errorf("%d entries up to %+v", len(all), all[Size-1])
	}
	if n := len(warnings); n != 336 || warnings[0].Message != "w0" || warnings[n-1].Message != "w1005" || warnings[0].Level != slog.LevelWarn {
		t.Errorf("%d warnings", n)
	}
	for i := range Size {
		l.Error(fmt.Sprint("e", i))
	}
	if w := r.Warnings(); len(w) != Size || w[0].Message != "e0" || w[Size-1].Message != "e499" {
		t.Errorf("%d warnings from %q on", len(w), w[0].Message)
	}
}

func TestTheLevelsAreIndependent(t *testing.T) {
	var b bytes.Buffer
	r := New()
	debug := slog.New(r.Handler(slog.NewTextHandler(&b, &slog.HandlerOptions{Level: slog.LevelDebug}), slog.LevelInfo))
	debug.Debug("for the host")
	if len(r.All()) != 0 || !strings.Contains(b.String(), "for the host") {
		t.Errorf("%v, %q", r.All(), b.String())
	}
	b.Reset()
	errs := slog.New(r.Handler(slog.NewTextHandler(&b, &slog.HandlerOptions{Level: slog.LevelError}), slog.LevelInfo))
	errs.Info("for the ring")
	if len(r.All()) != 1 || b.Len() != 0 {
		t.Errorf("%v, %q", r.All(), b.String())
	}
}

func TestManyLogAtOnceAndAValueMayLog(t *testing.T) {
	l, r := logger()
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for range 200 {
				l.Warn("outer", "i", i, "v", valuer{func() slog.Value { l.Warn("inner"); return slog.IntValue(i) }})
				for _, e := range r.All() {
					if e.Message != "inner" && !strings.HasPrefix(e.Message, "outer i=") {
						t.Errorf("%q", e.Message)
					}
				}
			}
		})
	}
	wg.Wait()
}

func TestKeepingARecordAllocatesLittle(t *testing.T) {
	l, _ := logger()
	for range 2 * Size {
		l.Info("segment stored", "session", "abcdef", "bytes", 1234)
	}
	n := testing.AllocsPerRun(1000, func() { l.Info("segment stored", "session", "abcdef", "bytes", 1234) })
	if n > 2 {
		t.Errorf("%v allocations", n)
	}
}

func FuzzAppendAttr(f *testing.F) {
	f.Add("group.", "key", "value")
	f.Add("", "streamKey", "hunter2")
	f.Add("", "\xff\n", strings.Repeat("\u2028", 300))
	f.Fuzz(func(t *testing.T, group, key, value string) {
		for _, a := range []slog.Attr{slog.String(key, value), slog.Any(key, errors.New(value)), slog.Group(key, key, value)} {
			b := appendAttr(nil, group, a)
			if !utf8.Valid(b) || len(b) > 4*maxValue+8 || bytes.ContainsAny(b, "\n\r\x00") {
				t.Errorf("%q", b)
			}
			if secret(key) && len(value) > 30 && !strings.Contains(group+key, value) && bytes.Contains(b, []byte(value)) {
				t.Errorf("a secret is shown: %q", b)
			}
		}
	})
}

func BenchmarkHandle(b *testing.B) {
	l, _ := logger()
	l = l.With("part", "bench")
	b.ReportAllocs()
	for b.Loop() {
		l.Info("segment stored", "session", "abcdef", "bytes", 1234)
	}
}
