package restream

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"math/big"
	"net"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/owncast-go/owncast/video"
	"github.com/owncast-go/owncast/video/rtmp"
)

// The session's clock is 100 days on, and the connection outlasts both what
// 24 and what 32 bits of milliseconds hold.
func TestAConnectionHasAClockOfItsOwnForDays(t *testing.T) {
	const day = 24 * time.Hour
	far := newReceiver(t)
	client, err := rtmp.Dial(t.Context(), "rtmp://"+far.addr+"/live", rtmp.ClientConfig{StreamKey: secret})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = client.Close() }()
	f := feed{client: client, sent: func(*video.Packet, error) {}}
	packets := clip(t)
	var want []time.Duration
	for i, at := range []time.Duration{
		0, 30 * time.Millisecond, time.Second, 16777215 * time.Millisecond, 16777216 * time.Millisecond,
		day, 20 * day, 40 * day, 1<<32*time.Millisecond - time.Millisecond, 1 << 32 * time.Millisecond, 60 * day,
	} {
		for _, p := range packets[:2] {
			p.DTS = 100*day + at
			if p.Track.Kind == video.Audio {
				p.DTS -= 10 * time.Millisecond // as interleaving has it
			}
			if err := f.write(p); err != nil {
				t.Fatalf("packet %d: %v", i, err)
			}
			want = append(want, max(p.DTS-100*day, 0))
		}
	}
	for i, p := range far.reception(0).wait(len(want)) {
		if p.DTS != want[i] {
			t.Errorf("packet %d: %v at %v, want %v", i, p.Track.Kind, p.DTS, want[i])
		}
	}
}

// A server that was too slow for a while goes on with a key frame.
func TestAfterAGapComesAKeyFrame(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	slow := &receiver{t: t, key: secret, addr: l.Addr().String(), block: make(chan struct{})}
	server, err := rtmp.NewServer(rtmp.Config{Publisher: slowly{slow}})
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan struct{})
	go func() { defer close(served); _ = server.Serve(l) }()
	defer func() { _ = server.Shutdown(t.Context()); <-served }()

	r := newRig(t, Config{Queue: video.SubscriptionLimits{Bytes: 1 << 20}, Timeout: time.Minute})
	r.set(to("slow", slow.addr))
	b := r.publish()
	for i, p := range b.packets {
		b.packets[i].Data = append(p.Data[:len(p.Data):len(p.Data)], make([]byte, 20_000)...)
	}
	b.sendUntil("a gap", func() bool { return r.status("slow").Dropped > 0 })
	close(slow.block)
	var s Status
	eventually(t, "what is queued is sent", func() bool {
		was := s
		s = r.status("slow")
		return was.Packets == s.Packets && s.Packets > 0
	})
	n := s.Packets
	b.sendUntil("more", func() bool { return r.status("slow").Packets > n+100 })
	r.server.Disconnect()
	p := slow.reception(0)
	_ = p.end()
	got, gaps := p.get(), 0
	last := map[video.Kind]time.Duration{}
	for i, k := range got {
		if d := k.DTS - last[k.Track.Kind]; d > 100*time.Millisecond && k.Track.Kind == video.Video {
			gaps++
			if !k.Key {
				t.Errorf("packet %d of %d: after a gap of %v comes no key frame", i, len(got), d)
			}
		}
		last[k.Track.Kind] = k.DTS
	}
	if gaps == 0 {
		t.Error("there is no gap")
	}
	if s := r.status("slow"); s.Failures != 0 || s.Connects != 1 {
		t.Errorf("%+v", s)
	}
}

// slowly is a receiver that takes packets once it is let to.
type slowly struct{ *receiver }

func (s slowly) Publish(ctx context.Context, req video.PublishRequest) (video.Publication, error) {
	p, err := s.receiver.Publish(ctx, req)
	if err != nil {
		return nil, err
	}
	return slowReception{p.(*reception)}, nil
}

type slowReception struct{ *reception }

func (s slowReception) WritePacket(p video.Packet) error {
	<-s.r.block
	return s.reception.WritePacket(p)
}

func TestRTMPSWithAnAuthorityOfTheHost(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(cert)
	far := newReceiverAt(t, "127.0.0.1:0", func(l net.Listener) net.Listener {
		return tls.NewListener(l, &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}})
	})
	secure := to("far", far.addr)
	secure.URL = strings.Replace(secure.URL, "rtmp:", "rtmps:", 1)

	trusting := newRig(t, Config{TLS: &tls.Config{RootCAs: roots}})
	trusting.set(secure)
	b := trusting.publish()
	b.send(200)
	same(t, far.reception(0).wait(200), b.packets[:200])

	wary := newRig(t, Config{})
	wary.set(secure)
	b = wary.publish()
	var unknown x509.UnknownAuthorityError
	b.sendUntil("a refusal", func() bool { return errors.As(wary.status("far").Err, &unknown) })
}

func TestFFmpegTakesABroadcast(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes a few seconds")
	}
	ffmpeg, err := exec.LookPath("ffmpeg")
	if err != nil {
		t.Skip("ffmpeg is not installed")
	}
	ffprobe, err := exec.LookPath("ffprobe")
	if err != nil {
		t.Skip("ffprobe is not installed")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	o := to("ffmpeg", l.Addr().String())
	_ = l.Close()
	file := filepath.Join(t.TempDir(), "out.flv")
	var stderr bytes.Buffer
	cmd := exec.CommandContext(t.Context(), ffmpeg, "-v", "error", "-listen", "1", "-f", "flv", "-i", o.URL+"/"+secret, "-c", "copy", file)
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	r := newRig(t, Config{})
	r.set(o)
	b := r.publish()
	b.sendUntil("ffmpeg takes the broadcast", func() bool { return r.status("ffmpeg").State == Live })
	b.sendUntil("it has a thousand packets", func() bool { return r.status("ffmpeg").Packets >= 1000 })
	r.server.Disconnect()
	r.wantState("ffmpeg", Idle)
	if err := cmd.Wait(); err != nil {
		t.Fatalf("ffmpeg: %v\n%s", err, stderr.String())
	}
	out, err := exec.CommandContext(t.Context(), ffprobe, "-v", "error", "-count_packets",
		"-show_entries", "stream=codec_name,nb_read_packets", "-of", "csv=p=0", file).CombinedOutput()
	if err != nil {
		t.Fatalf("ffprobe: %v\n%s", err, out)
	}
	total := int64(0)
	for line := range strings.Lines(string(out)) {
		codec, count, _ := strings.Cut(strings.TrimSpace(line), ",")
		n, err := strconv.ParseInt(count, 10, 64)
		if err != nil || codec != "h264" && codec != "aac" {
			t.Errorf("a stream of %q", line)
		}
		total += n
	}
	if s := r.status("ffmpeg"); s.Packets != total || total < 1000 || s.Connects != 1 {
		t.Errorf("ffmpeg has got %d packets: %+v", total, s)
	}
}
