package usage

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"math"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

type source struct {
	mu                sync.Mutex // guards the figures
	cpu, memory, disk float64
	err               error
	panics            bool
	dir               string
	t                 *testing.T
}

func (s *source) Usage(ctx context.Context, dir string) (cpu, memory, disk float64, err error) {
	if _, ok := ctx.Deadline(); !ok || dir != s.dir {
		s.t.Errorf("no deadline, or directory %q", dir)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.panics {
		panic("the host's")
	}
	return s.cpu, s.memory, s.disk, s.err
}

func TestTheMachineIsMeasuredEveryTwoMinutes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		dir := t.TempDir()
		s := &source{t: t, cpu: 10, memory: math.NaN(), disk: 1000, dir: dir}
		r := New(s, filepath.Join(dir, "not", "made", "yet"), slog.New(slog.NewTextHandler(&log, nil)))
		if _, ok := r.Last(); ok || r.Samples() != nil || r.High() != nil {
			t.Error("there are samples before Start")
		}
		if err := r.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := r.Start(t.Context()); err == nil {
			t.Error("it was started twice")
		}
		synctest.Wait()
		if l, ok := r.Last(); !ok || l.CPU != 10 || l.Memory != 0 || l.Disk != 100 {
			t.Errorf("at first %+v", l)
		}
		s.mu.Lock()
		s.err = errors.New("no permission")
		s.mu.Unlock()
		time.Sleep(3 * Every)
		synctest.Wait()
		s.mu.Lock()
		s.err, s.panics = nil, true
		s.mu.Unlock()
		time.Sleep(Every)
		synctest.Wait()
		synctest.Wait()
		if n := strings.Count(log.String(), "cannot be measured"); n != 1 || len(r.Samples()) != 1 {
			t.Errorf("%d samples, log:\n%s", len(r.Samples()), log.String())
		}
		s.mu.Lock()
		s.panics = false
		s.mu.Unlock()
		time.Sleep((Size + 5) * Every)
		synctest.Wait()
		synctest.Wait()
		list := r.Samples()
		if len(list) != Size || list[1].Time.Sub(list[0].Time) != Every || time.Since(list[Size-1].Time) != 0 {
			t.Errorf("%d samples up to %v", len(list), list[len(list)-1])
		}
		for range 2 {
			if err := r.Shutdown(t.Context()); err != nil {
				t.Error(err)
			}
		}
		if err := r.Start(t.Context()); err == nil {
			t.Error("it was started after Shutdown")
		}
	})
}

func TestALoadThatLastsIsWarnedOf(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		s := &source{t: t, cpu: 100, memory: 85, disk: 90, dir: "."}
		r := New(s, "data", slog.New(slog.NewTextHandler(&log, nil)))
		if err := r.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		s.mu.Lock()
		s.cpu = 60
		s.mu.Unlock()
		time.Sleep(Every)
		synctest.Wait()
		synctest.Wait()
		if log.Len() != 0 || r.High() != nil {
			t.Errorf("a peak: %v\n%s", r.High(), log.String())
		}
		s.mu.Lock()
		s.cpu, s.memory, s.disk = 100, 86, 91
		s.mu.Unlock()
		time.Sleep(Every + time.Second)
		synctest.Wait()
		if h := r.High(); len(h) != 2 || h[0] != (High{"memory", 85.5}) || h[1] != (High{"disk", 90.5}) {
			t.Errorf("nearly full: %v", h)
		}
		time.Sleep(4 * Every)
		synctest.Wait()
		for of, want := range map[string]int{"CPU": 2, "memory": 2, "disk": 2} {
			if n := strings.Count(log.String(), "of="+of+" "); n != want {
				t.Errorf("%d warnings of %s in ten minutes, want %d:\n%s", n, of, want, log.String())
			}
		}
		s.mu.Lock()
		s.cpu, s.memory, s.disk = 0, 0, 0
		s.mu.Unlock()
		time.Sleep(2 * Every)
		synctest.Wait()
		if h := r.High(); h != nil {
			t.Errorf("afterwards: %v", h)
		}
		if err := r.Shutdown(t.Context()); err != nil {
			t.Error(err)
		}
	})
}
