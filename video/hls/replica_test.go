package hls

import (
	"bytes"
	"errors"
	"flag"
	"net/http"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/owncast-go/owncast/storage"
	"github.com/owncast-go/owncast/video"
)

// twin is a Packager that shows what another one does.
type twin struct {
	t       testing.TB
	feed    *Feed
	p       *Packager
	replica *Replica
	checks  map[string]*checker
	parts   map[*checker]uint64 // the number of the next part
	log     [][]byte            // all messages there were
	missing int
	keyless bool
	lose    func() bool // whether a message is lost
}

// newTwin begins to follow f.
func newTwin(t testing.TB, f *feeder, store storage.Storage) *twin {
	w := &twin{t: t, feed: f.p.NewFeed(), p: New(Config{Storage: store})}
	t.Cleanup(w.feed.Close)
	w.p.now = func() time.Time { return f.clock }
	w.p.published = w.check
	w.replica = w.p.NewReplica()
	w.checks, w.parts = map[string]*checker{}, map[*checker]uint64{}
	w.keyless = f.keyless
	return w
}

// check holds what the twin shows to the rules.
func (w *twin) check(s *snapshot) {
	c := w.checks[s.r.session+s.r.name]
	if c == nil {
		c = newChecker(w.t, s.r.name)
		c.slack += 0.2
		w.checks[s.r.session+s.r.name] = c
	}
	c.keyless = w.keyless
	if last := w.parts[c]; c.prev != nil && (s.nextPart > last+5 || listedFrom(s) > last) {
		c.prev.hint = "" // what has come next is not, or may not be, listed any more
	}
	w.parts[c] = s.nextPart
	c.snapshot(s)
}

// listedFrom is the number of the first part of the first segment that is
// listed, if its parts are in memory: a twin that looks late may find that
// nothing before it is.
func listedFrom(s *snapshot) uint64 {
	if len(s.segs) > 0 {
		if ps := s.segs[0].parts.Load(); ps != nil {
			return (*ps)[0].number
		}
	}
	return 0
}

// prove has the twin look whether it has the storage of the other one.
func (w *twin) prove() bool {
	w.t.Helper()
	proven, err := w.replica.ProveStorage(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	return proven
}

// apply gives the twin messages.
func (w *twin) apply(messages [][]byte) {
	w.t.Helper()
	for _, m := range messages {
		w.log = append(w.log, m)
		if w.lose != nil && w.lose() {
			continue
		}
		missing, err := w.replica.Apply(m)
		if err != nil {
			w.t.Fatal(err)
		}
		w.prove()
		if missing {
			w.missing++
			w.feed.Repeat(true)
		}
	}
}

// pump tells the twin what is new, until it lacks nothing.
func (w *twin) pump() {
	w.t.Helper()
	for {
		missing := w.missing
		w.apply(w.feed.take())
		if w.missing == missing {
			return
		}
	}
}

// plain is a playlist without what differs by when it was asked for.
func plain(text []byte) string {
	var lines []string
	for line := range strings.Lines(string(text)) {
		if !strings.HasPrefix(line, "#EXT-X-RENDITION-REPORT") {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "")
}

// same fails the test unless the twin shows what the other one does.
func (w *twin) same(f *feeder) {
	w.t.Helper()
	theirs := f.p.shown.Load()
	ours := w.p.shown.Load()
	if theirs == nil {
		if ours != nil {
			w.t.Fatal("shown before there is anything")
		}
		return
	}
	if ours == nil || ours.session.ID != theirs.session.ID {
		w.t.Fatalf("shown: %v, want session %s", ours, theirs.session.ID)
	}
	a, b := theirs.master.Load(), ours.master.Load()
	if (a == nil) != (b == nil) || a != nil && (!bytes.Equal(a.text, b.text) || a.tag != b.tag) {
		w.t.Fatalf("multivariant playlists differ:\n%v\n%v", a, b)
	}
	if (theirs.ended.Load() != nil) != (ours.ended.Load() != nil) {
		w.t.Fatal("one has ended, the other has not")
	}
	if len(theirs.all()) != len(ours.all()) {
		w.t.Fatalf("%d renditions, want %d", len(ours.all()), len(theirs.all()))
	}
	for i, r := range theirs.all() {
		w.sameRendition(r, ours.all()[i])
	}
}

func (w *twin) sameRendition(theirs, ours *rendition) {
	w.t.Helper()
	s := theirs.cur.Load()
	if s == nil {
		return
	}
	o := ours.cur.Load()
	if o == nil || o.dropped != s.dropped {
		w.t.Fatalf("%s: %+v, want %+v", theirs.name, o, s)
	}
	if s.dropped {
		return
	}
	for _, delta := range []bool{false, true} {
		x, y := plain(s.playlist(delta).text), plain(o.playlist(delta).text)
		if x != y {
			w.t.Fatalf("%s: delta %v:\n%s\nwant\n%s", theirs.name, delta, y, x)
		}
		if s.playlist(delta).skipped != o.playlist(delta).skipped {
			w.t.Fatalf("%s: skipped %v", theirs.name, o.playlist(delta).skipped)
		}
	}
	first := s.nextMSN // with no segment that is listed: there was no sound for long
	if len(s.segs) > 0 {
		first = s.segs[0].msn
	}
	for _, g := range slices.Concat(s.kept, s.segs) {
		mine := o.findSegment(g.msn)
		if mine == nil && g.msn < first {
			continue // not listed any more
		}
		if b, ok := g.body(); ok {
			got, there := mine.body()
			if !there || !bytes.Equal(bytes.Join(got, nil), bytes.Join(b, nil)) {
				w.t.Fatalf("%s: segment %d: in memory %v, %d bytes, want %d", theirs.name, g.msn, there, got.size(), b.size())
			}
		} else if mine.stored.Load() != storeDone || mine.key(ours.name) != g.key(theirs.name) {
			w.t.Fatalf("%s: segment %d is not in the storage", theirs.name, g.msn)
		}
	}
	for _, p := range s.open {
		if q := o.findPart(p.number); q == nil || !bytes.Equal(p.data, q.data) {
			w.t.Fatalf("%s: part %d differs", theirs.name, p.number)
		}
	}
	for _, i := range s.inits {
		if j := o.findInit(i.name); j == nil || !bytes.Equal(i.data, j.data) {
			w.t.Fatalf("%s: header %s differs", theirs.name, i.name)
		}
	}
}

// scenario is a broadcast that is followed: with breaks, tracks that change, a
// ladder, and packets that carry different bytes.
func scenario(t *rapid.T, tb testing.TB, f *feeder) (ms []moment) {
	sound := soundTrack(tb, 3)
	at := time.Duration(0)
	ladder := len(f.ladder.Renditions)
	for part := range rapid.IntRange(1, 3).Draw(t, "stretches") {
		s := source{
			picture: pictureTrack(rapid.SampledFrom([]int{640, 640, 1280}).Draw(t, "width")), fps: rapid.SampledFrom([]float64{24, 30, 60}).Draw(t, "fps"),
			gop: rapid.SampledFrom([]time.Duration{time.Second, 2 * time.Second}).Draw(t, "gop"),
		}
		if rapid.IntRange(0, 3).Draw(t, "sound") > 0 {
			s.sound = sound
		}
		end := at + time.Duration(rapid.IntRange(2, 9).Draw(t, "seconds"))*time.Second
		ps := s.packets(at, end)
		for i := range ps {
			data := make([]byte, len(ps[i].Data)+i%37)
			copy(data, ps[i].Data)
			for j := len(ps[i].Data); j < len(data); j++ {
				data[j] = byte(i + j)
			}
			ps[i].Data = data
		}
		if part > 0 {
			ps[0].Discontinuity = true
			ms = append(ms, moment{at, f.p.Interrupt})
		}
		ms = append(ms, f.broadcast(ps)...)
		for i := range ladder {
			e := encoding{index: i, picture: pictureTrack(320), delay: time.Duration(rapid.IntRange(100, 900).Draw(t, "delay")) * time.Millisecond}
			ms = append(ms, f.finish(e, f.encode(e, ps))...)
		}
		if ladder > 0 && rapid.IntRange(0, 3).Draw(t, "drops") == 0 {
			ms = append(ms, moment{at + (end-at)/2, func() { f.p.DropRendition(f.session(), 0) }})
		}
		at = end + 2*time.Second
	}
	return ms
}

// checkSome is rapid.Check with fewer cases, which are long ones, unless
// OWNCAST_TEST_LONG is set.
func checkSome(t *testing.T, property func(*rapid.T)) {
	t.Helper()
	if f := flag.Lookup("rapid.checks"); os.Getenv("OWNCAST_TEST_LONG") == "" && f != nil && f.Value.String() == f.DefValue {
		if err := f.Value.Set("12"); err != nil {
			t.Fatal(err)
		}
		defer func() { _ = f.Value.Set(f.DefValue) }() // it was that before
	}
	rapid.Check(t, property)
}

// TestAReplicaShowsWhatTheOtherOneDoes follows broadcasts of many kinds, now
// and then, and compares every playlist and all media.
func TestAReplicaShowsWhatTheOtherOneDoes(t *testing.T) {
	checkSome(t, func(rt *rapid.T) {
		f := newFeeder(t, Config{}, rapid.IntRange(0, 2).Draw(rt, "level"))
		f.keyless, f.slack, f.apart = true, 1, true
		f.beginLadder(rapid.IntRange(0, 2).Draw(rt, "level of the session"), rapid.IntRange(0, 2).Draw(rt, "renditions"), video.Always)
		w := newTwin(t, f, nil)
		every := rapid.SampledFrom([]int{3, 10, 40, 200}).Draw(rt, "packets between two looks")
		follow := moments(scenario(rt, t, f), every, func() {
			w.pump()
			w.same(f)
		})
		f.play(follow)
		f.p.End()
		w.pump()
		w.same(f)
		if w.missing > 0 {
			rt.Errorf("something was missing %d times", w.missing)
		}
	})
}

// moments adds one after every so many.
func moments(ms []moment, every int, do func()) (all []moment) {
	slices.SortStableFunc(ms, func(a, b moment) int { return int(a.at - b.at) })
	for i, m := range ms {
		all = append(all, m)
		if i%every == every-1 {
			all = append(all, moment{m.at, do})
		}
	}
	return all
}

// TestAReplicaMendsWhatWasLost loses messages, and asks for them again.
func TestAReplicaMendsWhatWasLost(t *testing.T) {
	checkSome(t, func(rt *rapid.T) {
		f := newFeeder(t, Config{}, 0)
		f.keyless, f.slack, f.apart = true, 1, true
		f.beginLadder(0, rapid.IntRange(0, 1).Draw(rt, "renditions"), video.Always)
		w := newTwin(t, f, nil)
		lost := 0
		w.lose = func() bool {
			if rapid.IntRange(0, 9).Draw(rt, "lost") == 0 {
				lost++
				return true
			}
			return false
		}
		f.play(moments(scenario(rt, t, f), 15, func() { w.apply(w.feed.take()) }))
		w.lose = nil
		w.feed.Repeat(true)
		w.pump()
		w.same(f)
		f.p.End()
		w.pump()
		w.same(f)
	})
}

// TestAReplicaThatComesLate reads the end of the log, as if the rest had been
// deleted.
func TestAReplicaThatComesLate(t *testing.T) {
	checkSome(t, func(rt *rapid.T) {
		f := newFeeder(t, Config{}, 0)
		f.keyless, f.slack, f.apart = true, 1, true
		f.beginLadder(0, rapid.IntRange(0, 1).Draw(rt, "renditions"), video.Always)
		first := newTwin(t, f, nil)
		ms := scenario(rt, t, f)
		clock := f.clock
		for i := range ms { // time passes, for what is told now and then
			do, at := ms[i].do, ms[i].at
			ms[i].do = func() { f.clock = clock.Add(at); do() }
		}
		f.play(moments(ms, 3, first.pump))
		from := rapid.IntRange(0, max(len(first.log)-1, 0)).Draw(rt, "from")
		late := newTwin(t, f, nil)
		late.replica.Hold(true)
		late.apply(first.log[from:])
		late.pump() // its own feed tells everything
		if late.p.shown.Load() != nil {
			rt.Fatal("shown before it was told to")
		}
		late.replica.Hold(false)
		late.same(f)
	})
}

// TestAReplicaThatIsNeverAskedFor comes so late that the headers are not in the
// log any more: they are told again, now and then.
func TestAReplicaThatIsNeverAskedFor(t *testing.T) {
	s := newSite(t, Config{})
	w := newTwin(t, s.feeder, nil)
	s.until(30 * time.Second)
	w.feed.take() // lost
	v := &site{feeder: &feeder{t: t, p: w.p}}
	for at := 30 * time.Second; at < 60*time.Second; at += time.Second / 3 {
		s.clock = s.clock.Add(time.Second / 3)
		s.until(at)
		for _, m := range w.feed.take() {
			if _, err := w.replica.Apply(m); err != nil {
				t.Fatal(err)
			}
		}
	}
	if w.p.shown.Load() == nil {
		t.Fatal("nothing is shown")
	}
	got, want := v.playlist("/0/stream.m3u8"), s.playlist("/0/stream.m3u8")
	if got.hint != want.hint || len(got.segs) < 5 {
		t.Errorf("hints at %s, want %s; %d segments", got.hint, want.hint, len(got.segs))
	}
}

func TestSessionsThatFollowOneAnother(t *testing.T) {
	s := newSite(t, Config{})
	w := newTwin(t, s.feeder, nil)
	s.until(5 * time.Second)
	w.pump()
	w.same(s.feeder)
	first := s.session()
	s.p.End()
	w.pump()
	w.same(s.feeder)
	s.again()
	s.until(time.Second) // nothing can be watched yet
	w.pump()
	if got := w.p.shown.Load().session.ID; got != first {
		t.Errorf("session %s is shown", got)
	}
	s.until(5 * time.Second)
	w.pump()
	w.same(s.feeder)
	// What comes late of the first one changes nothing.
	w.apply(w.log[:3])
	w.same(s.feeder)
}

// TestAnOriginThatIsGone has the session ended by somebody else.
func TestAnOriginThatIsGone(t *testing.T) {
	s := newSite(t, Config{})
	w := newTwin(t, s.feeder, nil)
	s.until(5500 * time.Millisecond)
	w.pump()
	w.replica.End("another")
	w.same(s.feeder)
	w.replica.End(s.session())
	v := &site{feeder: &feeder{t: t, p: w.p}}
	for _, name := range []string{"/0/stream.m3u8", "/audio/stream.m3u8"} {
		if l := v.playlist(name); !l.ended || len(l.segs) != len(s.playlist(name).segs) {
			t.Errorf("%s: ended %v, %d segments", name, l.ended, len(l.segs))
		}
	}
	s.until(7 * time.Second)
	w.pump() // the origin was there all the time
	if l := v.playlist("/0/stream.m3u8"); !l.ended {
		t.Error("not ended any more")
	}
}

// TestASessionOfItsOwnGoesBeforeAReplica has a Packager that has both.
func TestASessionOfItsOwnGoesBeforeAReplica(t *testing.T) {
	s := newSite(t, Config{})
	w := newTwin(t, s.feeder, nil)
	s.until(5 * time.Second)
	w.pump()
	own := &feeder{t: t, p: w.p}
	if err := w.p.Begin(video.Session{ID: "own", Latency: video.LatencyLevel(0)}); err != nil {
		t.Fatal(err)
	}
	src := source{picture: pictureTrack(640), fps: 30, gop: time.Second}
	own.write(src.packets(0, 5*time.Second)...)
	s.until(10 * time.Second)
	w.pump()
	if got := w.p.shown.Load().session.ID; got != "own" {
		t.Errorf("session %s is shown", got)
	}
	own.p.End()
	s.until(15 * time.Second)
	w.pump()
	w.same(s.feeder)
	if err := w.p.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
}

// TestSegmentsOfAReplicaLieInOnePiece so that they are sent in one.
func TestSegmentsOfAReplicaLieInOnePiece(t *testing.T) {
	s := newSite(t, Config{})
	w := newTwin(t, s.feeder, nil)
	for at := time.Second; at < 20*time.Second; at += time.Second / 10 {
		s.until(at)
		w.pump()
	}
	for _, g := range w.p.shown.Load().all()[0].cur.Load().segs[5:] {
		if b, ok := g.body(); !ok || len(b) != 1 {
			t.Errorf("segment %d: %d pieces", g.msn, len(b))
		}
	}
}

// TestAReplicaThatLacksSomething shows what it had, and after a while what it
// has, from where nothing is missing.
func TestAReplicaThatLacksSomething(t *testing.T) {
	s := newSite(t, Config{})
	w := newTwin(t, s.feeder, nil)
	v := &site{feeder: &feeder{t: t, p: w.p}}
	s.until(5500 * time.Millisecond)
	w.pump()
	before := v.playlist("/0/stream.m3u8")
	s.until(6500 * time.Millisecond)
	w.feed.take() // lost
	lacking := func(from, to time.Duration) {
		for at := from; at < to; at += time.Second / 3 {
			s.until(at)
			for _, m := range w.feed.take() {
				missing, err := w.replica.Apply(m)
				if err != nil || !missing {
					t.Fatal(missing, err)
				}
			}
		}
	}
	lacking(7*time.Second, 8*time.Second)
	if l := v.playlist("/0/stream.m3u8"); l.text != before.text {
		t.Errorf("the playlist has changed:\n%s", l.text)
	}
	s.clock = s.clock.Add(3 * time.Second)
	lacking(8*time.Second, 9*time.Second)
	for at := 9 * time.Second; at < 12*time.Second; at += time.Second / 3 {
		s.until(at)
		for _, m := range w.feed.take() {
			if _, err := w.replica.Apply(m); err != nil {
				t.Fatal(err)
			}
		}
	}
	l := v.playlist("/0/stream.m3u8")
	if l.msn <= before.msn || l.msn+uint64(len(l.segs)) != 11 {
		t.Errorf("segments from %d, %d of them", l.msn, len(l.segs))
	}
	w.pump()
	if got, want := v.playlist("/0/stream.m3u8"), s.playlist("/0/stream.m3u8"); got.hint != want.hint {
		t.Errorf("hints at %s, want %s", got.hint, want.hint)
	}
}

// TestAWaitingViewerOfAReplica is answered when the part has come.
func TestAWaitingViewerOfAReplica(t *testing.T) {
	s := newSite(t, Config{})
	w := newTwin(t, s.feeder, nil)
	s.until(5500 * time.Millisecond)
	w.pump()
	v := &site{feeder: &feeder{t: t, p: w.p}}
	answer := v.later(t.Context(), "/0/stream.m3u8?_HLS_msn=5&_HLS_part=1")
	s.until(6 * time.Second)
	w.pump()
	if resp := <-answer; resp.StatusCode != http.StatusOK {
		t.Errorf("status %d", resp.StatusCode)
	}
	refused(t, v.get("/0/stream.m3u8?_HLS_msn=100"), http.StatusBadRequest)
}

// TestWhatIsSentAgainChangesNothing has all messages come a second time, behind
// those that came after them. The multivariant playlist may be older until the
// next one comes.
func TestWhatIsSentAgainChangesNothing(t *testing.T) {
	s := newSite(t, Config{})
	w := newTwin(t, s.feeder, nil)
	for at := time.Second; at <= 8*time.Second; at += time.Second {
		s.until(at)
		w.pump()
	}
	w.same(s.feeder)
	for _, m := range slices.Clone(w.log) {
		if _, err := w.replica.Apply(m); err != nil {
			t.Fatal(err)
		}
		for _, r := range s.p.shown.Load().all() {
			w.sameRendition(r, w.p.shown.Load().find(r.name))
		}
	}
	s.until(10 * time.Second)
	w.pump()
	w.same(s.feeder)
}

func TestMessagesThatAreNone(t *testing.T) {
	r := New(Config{}).NewReplica()
	for _, m := range [][]byte{nil, {0}, {feedForm}, {feedForm, 0}, {feedForm, 5, 'a'}, {99, 1, 'a'}, {feedForm, 1, 'a', 77}} {
		if _, err := r.Apply(m); !errors.Is(err, errFeed) {
			t.Errorf("%v: %v", m, err)
		}
	}
	if proven, err := r.ProveStorage(t.Context()); proven || err != nil {
		t.Error("a proof of nothing:", proven, err)
	}
}

func FuzzReplica(f *testing.F) {
	site := newSite(f, Config{Storage: newShelf(), DVR: time.Minute})
	w := newTwin(f, site.feeder, nil)
	for at := time.Second; at < 8*time.Second; at += time.Second {
		site.until(at)
		w.pump()
	}
	site.p.End()
	w.pump()
	for i := range w.log {
		f.Add(w.log[i], w.log[(i+1)%len(w.log)])
	}
	f.Fuzz(func(t *testing.T, a, b []byte) {
		p := New(Config{Storage: newShelf()})
		r := p.NewReplica()
		for _, m := range [][]byte{a, b, a} {
			_, _ = r.Apply(m) // must not panic
			_, _ = r.ProveStorage(t.Context())
			if r.s != nil {
				r.s.shared.Store(true) // what is told to be stored is listed
			}
		}
		if r.s != nil {
			r.End(r.s.stream.session.ID)
		}
		s := p.shown.Load()
		if s == nil {
			return
		}
		for _, rend := range s.all() {
			if cur := rend.cur.Load(); cur != nil && !cur.dropped {
				cur.playlist(false)
				cur.playlist(true)
			}
		}
	})
}

// stored waits until the storage has what it was given.
func (s *site) stored() {
	for s.p.Stats().StorageQueued > 0 {
		runtime.Gosched()
	}
}
