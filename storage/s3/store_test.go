package s3_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/owncast-go/owncast/storage"
	"github.com/owncast-go/owncast/storage/s3"
)

func put(t testing.TB, s storage.Storage, key, body string) {
	t.Helper()
	if err := s.Put(t.Context(), key, strings.NewReader(body), storage.PutOptions{}); err != nil {
		t.Fatal(err)
	}
}

func get(t testing.TB, s storage.Storage, key string) string {
	t.Helper()
	r, _, err := s.Open(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	b, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func keys(t testing.TB, s storage.Storage, prefix string) (keys []string) {
	t.Helper()
	for info, err := range s.List(t.Context(), prefix) {
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, info.Key)
	}
	return keys
}

func noise(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.NewChaCha8([32]byte{7}).Read(b)
	return b
}

func TestNothingOutsideThePrefixIsSeenOrTouched(t *testing.T) {
	g := startGateway(t)
	cfg := g.config(t)
	whole := open(t, cfg)
	foreign := []string{"hls/0/foreign.m4s", "one", "ones/hls/x.ts", "two/hls/0/a.m4s"}
	for _, k := range foreign {
		put(t, whole, k, "foreign")
	}
	cfg.Prefix = "/one/"
	one := open(t, cfg)
	// A server without directories could have both "one" and "one/x".
	if err := whole.Delete(t.Context(), "one"); err != nil {
		t.Fatal(err)
	}
	foreign = slices.DeleteFunc(foreign, func(k string) bool { return k == "one" })
	put(t, one, "hls/0/a.m4s", "mine")
	if got := g.files(t, cfg.Bucket); !slices.Contains(got, "one/hls/0/a.m4s") {
		t.Errorf("the bucket has %q", got)
	}
	if got := keys(t, one, ""); !slices.Equal(got, []string{"hls/0/a.m4s"}) {
		t.Errorf("List yields %q, want the one object below the prefix", got)
	}
	if err := storage.DeleteAll(t.Context(), one, append(keys(t, one, ""), "hls/0/foreign.m4s", "s/hls/x.ts")); err != nil {
		t.Fatal(err)
	}
	if err := one.Probe(t.Context()); err != nil {
		t.Error(err)
	}
	slices.Sort(foreign)
	got := g.files(t, cfg.Bucket)
	if slices.Sort(got); !slices.Equal(got, foreign) {
		t.Errorf("the bucket has %q, want only the foreign %q", got, foreign)
	}
	if err := one.Put(t.Context(), strings.Repeat("a/", storage.MaxKeyLen/2-1)+"b", strings.NewReader("x"), storage.PutOptions{}); !errors.Is(err, fs.ErrInvalid) {
		t.Errorf("Put of a key that is too long with the prefix = %v, want fs.ErrInvalid", err)
	}
}

func TestBigObjectsAreSentInParts(t *testing.T) {
	g := startGateway(t)
	cfg := g.config(t)
	s := open(t, cfg)
	data := noise(2*s3.PartSize + 1)
	for _, size := range []int{s3.PartSize - 1, s3.PartSize, s3.PartSize + 1, 2 * s3.PartSize, 2*s3.PartSize + 1} {
		before := s.Stats().Put.Sent
		key := fmt.Sprintf("big/%d", size)
		o := storage.PutOptions{ContentType: "video/mp4", MaxAge: time.Hour}
		// The reader can neither seek nor tell its length.
		if err := s.Put(t.Context(), key, io.MultiReader(bytes.NewReader(data[:size])), o); err != nil {
			t.Fatalf("%d bytes: %v", size, err)
		}
		if got := get(t, s, key); got != string(data[:size]) {
			t.Errorf("%d bytes: %d other ones came back", size, len(got))
		}
		if n := s.Stats().Put.Sent - before; (n == 1) != (size < s3.PartSize) {
			t.Errorf("%d bytes were sent in %d requests", size, n)
		}
		head := g.head(t, cfg.Bucket, key)
		if ct, cc := aws.ToString(head.ContentType), aws.ToString(head.CacheControl); ct != "video/mp4" || cc != "public, max-age=3600" {
			t.Errorf("%d bytes: type %q, cache %q", size, ct, cc)
		}
	}
}

// client is one that the test asks with.
func (g *gateway) client() *awss3.Client {
	return awss3.New(awss3.Options{
		Region: s3.DefaultRegion, UsePathStyle: true, BaseEndpoint: &g.url,
		Credentials: credentials.NewStaticCredentialsProvider(testKey, testSecret, ""),
		HTTPClient:  &http.Client{Transport: &http.Transport{DisableKeepAlives: true}},
	})
}

func (g *gateway) head(t testing.TB, bucket, key string) *awss3.HeadObjectOutput {
	t.Helper()
	out, err := g.client().HeadObject(t.Context(), &awss3.HeadObjectInput{Bucket: &bucket, Key: &key})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestPartsOfAFailedUploadAreNotLeft(t *testing.T) {
	g := startGateway(t)
	p := newProxy(t, g.url)
	cfg := g.config(t)
	cfg.Endpoint, cfg.Attempts = p.url, 1
	s := open(t, cfg)
	boom := errors.New("boom")
	big := bytes.NewReader(noise(s3.PartSize + s3.PartSize/2))
	if err := s.Put(t.Context(), "a", io.MultiReader(big, iotest.ErrReader(boom)), storage.PutOptions{}); !errors.Is(err, boom) {
		t.Errorf("Put of a reader that fails = %v", err)
	}
	p.set(on(method(http.MethodPut), answer(http.StatusInternalServerError, "InternalError")))
	if err := s.Put(t.Context(), "a", bytes.NewReader(noise(s3.PartSize+1)), storage.PutOptions{}); err == nil {
		t.Error("Put to a server that fails = nil")
	}
	ctx, cancel := context.WithCancel(t.Context())
	p.set(on(method(http.MethodPut), func(w http.ResponseWriter, r *http.Request) bool {
		cancel()
		return late(time.Hour)(w, r)
	}))
	if err := s.Put(ctx, "a", bytes.NewReader(noise(s3.PartSize+1)), storage.PutOptions{}); !errors.Is(err, context.Canceled) {
		t.Errorf("Put of which the context ends = %v", err)
	}
	out, err := g.client().ListMultipartUploads(t.Context(), &awss3.ListMultipartUploadsInput{Bucket: &cfg.Bucket})
	if err != nil || len(out.Uploads) != 0 {
		t.Errorf("%d uploads are left, %v", len(out.Uploads), err)
	}
	if files := g.files(t, cfg.Bucket); len(files) != 0 {
		t.Errorf("the bucket has %q", files)
	}
}

func TestAServerThatKeepsNothingIsNotBelieved(t *testing.T) {
	g := startGateway(t)
	p := newProxy(t, g.url)
	cfg := g.config(t)
	cfg.Endpoint = p.url
	s := open(t, cfg)
	body := strings.NewReader
	p.set(on(method(http.MethodPut), lie))
	err := s.Put(t.Context(), "a", body("one"), storage.PutOptions{})
	if !errors.Is(err, s3.ErrUnconfirmed) || errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Put = %v, want ErrUnconfirmed alone", err)
	}
	p.heal()
	put(t, s, "a", "one")
	p.set(on(method(http.MethodPut), lie))
	if err := s.Put(t.Context(), "a", body("another"), storage.PutOptions{}); !errors.Is(err, s3.ErrUnconfirmed) {
		t.Errorf("Put with an older object there = %v, want ErrUnconfirmed", err)
	}
	if n := s.Stats().Unconfirmed; n != 2 {
		t.Errorf("%d uploads counted as unconfirmed, want 2", n)
	}
	cfg.SkipConfirm = true
	trusting := open(t, cfg)
	if err := trusting.Put(t.Context(), "b", body("one"), storage.PutOptions{}); err != nil {
		t.Errorf("Put with SkipConfirm = %v", err)
	}
	if n := trusting.Stats().Head.Sent; n != 0 {
		t.Errorf("%d confirmations with SkipConfirm", n)
	}
}

func TestWhatPassesIsTriedAgain(t *testing.T) {
	g := startGateway(t)
	for name, f := range map[string]fault{
		"500":                  answer(http.StatusInternalServerError, "InternalError"),
		"503":                  answer(http.StatusServiceUnavailable, "SlowDown"),
		"a connection breaks":  resetUpload,
		"the clocks differ":    answer(http.StatusForbidden, "RequestTimeTooSkewed", "Date", time.Now().Add(time.Hour).UTC().Format(http.TimeFormat)),
		"nothing comes at all": late(time.Hour),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel() // most of the time they wait
			p := newProxy(t, g.url)
			cfg := g.config(t)
			cfg.Endpoint, cfg.Timeout = p.url, 2*time.Second
			s := open(t, cfg)
			p.set(on(method(http.MethodPut), times(1, f)))
			err := s.Put(t.Context(), "a", bytes.NewReader(noise(1<<20)), storage.PutOptions{})
			if err != nil {
				t.Fatal(err)
			}
			retries := int64(1)
			if name == "the clocks differ" {
				retries++ // by then they do: the gateway's clock is right
			}
			if st := s.Stats(); st.Retries != retries || st.Put.Sent != 1+retries || st.Put.Failed != retries || st.InFlight != 0 {
				t.Errorf("stats %+v, want %d retries", st, retries)
			}
			if got := get(t, s, "a"); got != string(noise(1<<20)) {
				t.Errorf("%d other bytes came back", len(got))
			}
		})
	}
}

func TestARequestThatStandsStillIsGivenUp(t *testing.T) {
	g := startGateway(t)
	p := newProxy(t, g.url)
	cfg := g.config(t)
	cfg.Endpoint, cfg.Timeout, cfg.Attempts = p.url, 200*time.Millisecond, 2
	s := open(t, cfg)
	p.set(late(time.Minute))
	err := s.Put(t.Context(), "a", strings.NewReader("x"), storage.PutOptions{})
	var timeout interface{ Timeout() bool }
	if !errors.As(err, &timeout) || !strings.Contains(err.Error(), "did not answer") {
		t.Errorf("Put to a server that does not answer = %v", err)
	}
	p.set(late(600 * time.Millisecond))
	cfg.Timeout = 30 * time.Second
	put(t, open(t, cfg), "a", "x")
	eventually(t, 10*time.Second, "no request is running", func() bool { return s.Stats().InFlight == 0 })
}

func TestABrokenDownloadGoesOn(t *testing.T) {
	g := startGateway(t)
	p := newProxy(t, g.url)
	cfg := g.config(t)
	cfg.Endpoint, cfg.Attempts = p.url, 4
	s := open(t, cfg)
	want := string(noise(3 << 20))
	put(t, s, "a", want)
	p.set(on(method(http.MethodGet), times(2, p.resetDownload(1<<20, g.url))))
	if got := get(t, s, "a"); got != want {
		t.Errorf("%d other bytes came back", len(got))
	}
	p.set(on(method(http.MethodGet), p.resetDownload(0, g.url)))
	r, _, err := s.Open(t.Context(), "a")
	if err == nil {
		_, err = io.ReadAll(r)
		r.Close()
	}
	if err == nil {
		t.Error("reading an object of which nothing comes = nil")
	}
}

func TestAnObjectThatIsReplacedIsNotMixed(t *testing.T) {
	g := startGateway(t)
	cfg := g.config(t)
	s := open(t, cfg)
	put(t, s, "a", strings.Repeat("x", 1<<20))
	r, _, err := s.Open(t.Context(), "a")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	put(t, s, "a", strings.Repeat("y", 1<<20))
	if _, err := r.(io.Seeker).Seek(1000, io.SeekStart); err != nil {
		t.Fatal(err)
	}
	if b, err := io.ReadAll(r); err == nil || len(b) != 0 {
		t.Errorf("%d bytes and %v after a seek in an object that was replaced", len(b), err)
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
	if _, err := r.Read(make([]byte, 1)); err == nil {
		t.Error("Read after Close = nil")
	}
}

func TestAHostsOwnClientIsUsed(t *testing.T) {
	g := startGateway(t)
	cfg := s3.Config{Client: g.client(), Bucket: g.bucket(t)}
	s := open(t, cfg)
	if err := s.Probe(t.Context()); err != nil {
		t.Fatal(err)
	}
	if st := s.Stats(); st.Put.Sent != 1 || st.Head.Sent != 1 || st.Get.Sent != 1 || st.List.Sent != 1 || st.Delete.Sent != 1 || st.BytesSent == 0 || st.BytesReceived == 0 || st.InFlight != 0 {
		t.Errorf("stats %+v, want a request of each kind", st)
	}
	if !strings.Contains(s.String(), g.url) {
		t.Errorf("%v does not say where", s)
	}
	cfg.Region = "here"
	if _, err := s3.New(cfg); err == nil {
		t.Error("a Client and a Region = nil")
	}
}

func TestAFullDiskIsAnError(t *testing.T) {
	g := startGateway(t)
	p := newProxy(t, g.url)
	cfg := g.config(t)
	cfg.Endpoint, cfg.Attempts = p.url, 1
	s := open(t, cfg)
	put(t, s, "a", "old")
	p.set(on(method(http.MethodPut), answer(http.StatusInsufficientStorage, "QuotaExceeded")))
	if err := s.Put(t.Context(), "a", strings.NewReader("new"), storage.PutOptions{}); err == nil {
		t.Error("Put = nil")
	}
	if got := get(t, s, "a"); got != "old" {
		t.Errorf("the old object is %q", got)
	}
	if err := os.RemoveAll(filepath.Join(g.dir, cfg.Bucket)); err != nil {
		t.Fatal(err)
	}
	p.heal()
	if err := s.Delete(t.Context(), "a"); err == nil {
		t.Error("Delete in a bucket that is gone = nil")
	}
}
