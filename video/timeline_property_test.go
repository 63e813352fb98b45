package video

import (
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// Whatever comes, DTS strictly increases within a kind, starts near 0 and
// never runs away.
func TestTimelineHoldsForAnyWire(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := &recorder{}
		var wire time.Duration
		for range rapid.IntRange(1, 200).Draw(t, "packets") {
			switch rapid.IntRange(0, 9).Draw(t, "what") {
			case 0:
				wire = time.Duration(rapid.Int64().Draw(t, "anywhere"))
			case 1:
				wire += time.Duration(rapid.Int64Range(int64(-3*time.Second), int64(3*time.Second)).Draw(t, "near"))
			case 2:
				r.line.resume()
			default:
				wire += time.Duration(rapid.IntRange(0, 40).Draw(t, "step")) * ms
			}
			r.place(rapid.SampledFrom([]Kind{Video, Audio}).Draw(t, "kind"), wire)
		}
		r.check(t)
		if r.all[0].dts != lead && r.all[0].dts != 0 {
			t.Fatalf("starts at %v", r.all[0].dts)
		}
	})
}

// An encoder whose two tracks share a clock that jumps now and then: as many
// breaks as large jumps and returns, and audio stays where it was to video.
func TestTimelineKeepsSyncOverJumpsOfBoth(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := &recorder{}
		base := time.Duration(rapid.Int64Range(0, math.MaxUint32).Draw(t, "base")) * ms
		between := time.Duration(rapid.IntRange(-60, 60).Draw(t, "between")) * ms
		delay := time.Duration(rapid.IntRange(-20, 20).Draw(t, "delay")) * ms
		s := &source{r: r, baseV: base, baseA: base + between, delay: delay}
		want, returns := 0, 0
		s.run(3 * time.Second)
		for range rapid.IntRange(0, 6).Draw(t, "jumps") {
			jump := time.Duration(rapid.SampledFrom([]int64{-100_000, -2500, -40, 0, 3000, 100_000, math.MaxUint32}).Draw(t, "jump")) * ms
			if rapid.Bool().Draw(t, "return") {
				r.line.resume()
				s = &source{r: r, baseV: base, baseA: base + between, delay: delay}
				want++
				returns++
			} else {
				s.baseV += jump
				s.baseA += jump
				if jump < -maxJump || jump > maxJump {
					want++
				}
			}
			s.run(3 * time.Second)
			if d := r.sync(); d < -ms || d > ms {
				t.Fatalf("audio moved by %v", d)
			}
		}
		r.check(t)
		if r.breaks() != want {
			t.Fatalf("%d breaks, want %d (%d returns)", r.breaks(), want, returns)
		}
	})
}

// Without jumps, differences of DTS are the wire's own, over the wrap of a
// 32-bit clock that the ingest counts on, and whatever the bases are.
func TestTimelineKeepsTheWiresSteps(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := &recorder{}
		base := time.Duration(rapid.Int64Range(0, 2*math.MaxUint32).Draw(t, "base")) * ms
		apart := time.Duration(rapid.SampledFrom([]int64{0, 3_000, 100_000, math.MaxUint32}).Draw(t, "apart")) * ms
		s := &source{r: r, baseV: base, baseA: base + apart}
		s.delay = time.Duration(rapid.IntRange(-20, 20).Draw(t, "delay")) * ms
		if rapid.Bool().Draw(t, "audio behind") {
			s.baseV, s.baseA = s.baseA, s.baseV
		}
		s.run(10 * time.Second)
		r.check(t)
		last := map[Kind]placed{}
		for i, p := range r.all {
			before, ok := last[p.kind]
			if ok && p.dts-before.dts != p.wire-before.wire {
				t.Fatalf("packet %d: %v steps by %v, the wire by %v", i, p.kind, p.dts-before.dts, p.wire-before.wire)
			}
			last[p.kind] = p
		}
		if r.breaks() != 0 || r.counts.jumps+r.counts.backs != 0 {
			t.Fatalf("%d breaks, counted %+v", r.breaks(), r.counts)
		}
		if s.baseA == s.baseV && r.sync() != 0 {
			t.Fatalf("audio moved by %v", r.sync())
		}
	})
}
