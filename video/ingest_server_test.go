package video

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// Reports come about once a second of media, are never changed, and a new
// warning is one event per session, whoever publishes.
func TestServerReportsAndWarns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		reports := map[*Ingest]Ingest{}
		run := func(p *encoder, seconds int, gop int) {
			for i := range seconds * 25 {
				if err := p.write(i%gop == 0); err != nil {
					t.Fatal(err)
				}
				in := r.state.Status().Ingest
				if old, ok := reports[in]; ok && !equalReports(old, *in) {
					t.Fatalf("a report was changed: %+v, %+v", old, in)
				}
				reports[in] = *in
				time.Sleep(40 * ms)
			}
		}
		p := r.publish()
		run(p, 20, 50)
		if n := len(reports); n < 20 || n > 24 {
			t.Errorf("%d reports in 20 s", n)
		}
		in := r.state.Status().Ingest
		if in.FrameRate != 25 || in.VideoBitrate != 200_000 || in.AudioBitrate != 20_000 ||
			in.KeyframeInterval != 2*time.Second || in.Drift != -40*ms || len(in.Warnings) != 0 {
			t.Errorf("report %+v", in)
		}
		run(p, 20, 125)
		in = r.state.Status().Ingest
		if len(in.Warnings) != 1 || in.Warnings[0].Code != WarnKeyframeInterval {
			t.Errorf("warnings %v", in.Warnings)
		}
		r.pack.jumps = true
		p.dts += time.Hour
		run(p, 2, 25)
		p.Close(nil)
		p = r.publish()
		run(p, 20, 125)
		p.Close(nil)
		r.shutdown()
		r.wantEvents("started, live", "warned: keyframe-interval", "warned: timestamps", interruptedNil,
			"resumed, live", interruptedNil, "stopped, offline: <nil>")
	})
}

func TestASessionWarnsAgainOfWhatTheLastOneHad(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, func(c *Config) { c.Grace = -1 })
		for range 2 {
			p := r.publish()
			p.send(150)
			p.Close(nil)
		}
		once := []string{"started, live", "warned: keyframe-interval", "stopped, offline: <nil>"}
		r.wantEvents(append(slices.Clone(once), once...)...)
	})
}

func TestAChangedTrackIsReportedAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		p := r.publish()
		p.send(5)
		same, other := *testVideo, *testVideo
		other.Config = []byte{1, 2, 3}
		before := r.state.Status().Ingest
		for _, track := range []*Track{&same, testVideo} {
			if err := p.WritePacket(Packet{Track: track, DTS: p.dts}); err != nil {
				t.Fatal(err)
			}
		}
		if in := r.state.Status().Ingest; in != before {
			t.Errorf("reported anew for the same configuration: %+v", in)
		}
		if err := p.WritePacket(Packet{Track: &other, DTS: p.dts}); err != nil {
			t.Fatal(err)
		}
		if in := r.state.Status().Ingest; in.Video != &other || in.Audio != testAudio {
			t.Errorf("reported %+v", in)
		}
		r.server.Disconnect()
	})
}

func equalReports(a, b Ingest) bool {
	wa, wb := a.Warnings, b.Warnings
	a.Warnings, b.Warnings = nil, nil
	return slices.Equal(wa, wb) && a.RemoteAddr == b.RemoteAddr && a.Encoder == b.Encoder && a.Video == b.Video &&
		a.Audio == b.Audio && a.FrameRate == b.FrameRate && a.VideoBitrate == b.VideoBitrate &&
		a.AudioBitrate == b.AudioBitrate && a.KeyframeInterval == b.KeyframeInterval && a.Drift == b.Drift
}
