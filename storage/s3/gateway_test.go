package s3_test

import (
	"crypto/rand"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/owncast-go/owncast/storage/s3"
)

const (
	testKey    = "testkey"
	testSecret = "a secret that must not be seen"
)

// gateway is a running versitygw, an S3 server whose objects are files.
type gateway struct {
	url string
	dir string
}

// findGateway returns the program, which `make tools` builds into .cache.
func findGateway() string {
	built, err := filepath.Glob("../../.cache/versitygw-*/versitygw*")
	if err == nil && len(built) > 0 {
		slices.Sort(built)
		if p, err := filepath.Abs(built[len(built)-1]); err == nil {
			return p
		}
	}
	p, err := exec.LookPath("versitygw")
	if err != nil {
		return ""
	}
	return p
}

// startGateway runs a versitygw until the end of the test, and skips the test
// if there is none.
func startGateway(t testing.TB) *gateway {
	t.Helper()
	if testing.Short() {
		t.Skip("runs versitygw, which takes time")
	}
	bin := findGateway()
	if bin == "" {
		t.Skip("versitygw is neither in .cache, where make tools puts it, nor in PATH")
	}
	g := &gateway{dir: t.TempDir()}
	for range 3 { // another program may take the port
		if g.start(t, bin) {
			return g
		}
	}
	t.Fatal("versitygw does not start")
	return nil
}

func (g *gateway) start(t testing.TB, bin string) bool {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	l.Close()
	cmd := exec.Command(bin, "--quiet", "--health", "/health", "--port", addr, "posix", g.dir)
	cmd.Env = append(os.Environ(), "ROOT_ACCESS_KEY="+testKey, "ROOT_SECRET_KEY="+testSecret)
	var output strings.Builder
	cmd.Stdout, cmd.Stderr = &output, &output
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	exited := make(chan struct{})
	go func() {
		_ = cmd.Wait()
		close(exited)
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		<-exited
	})
	g.url = "http://" + addr
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: time.Second}
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		select {
		case <-exited:
			t.Logf("versitygw: %s", output.String())
			return false
		default:
		}
		if resp, err := client.Get(g.url + "/health"); err == nil {
			resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return true
			}
		}
	}
	return false
}

// bucket makes a bucket and returns its name.
func (g *gateway) bucket(t testing.TB) string {
	t.Helper()
	name := "b-" + strings.ToLower(rand.Text())
	if err := os.Mkdir(filepath.Join(g.dir, name), 0o755); err != nil {
		t.Fatal(err)
	}
	return name
}

// config is that of a Store in a bucket of its own.
func (g *gateway) config(t testing.TB) s3.Config {
	t.Helper()
	return s3.Config{Endpoint: g.url, Bucket: g.bucket(t), PathStyle: true, AccessKey: testKey, Secret: testSecret}
}

// files are the keys of all objects in the bucket, as the disk has them.
func (g *gateway) files(t testing.TB, bucket string) (keys []string) {
	t.Helper()
	root := filepath.Join(g.dir, bucket)
	err := filepath.WalkDir(root, func(name string, d os.DirEntry, err error) error {
		if os.IsNotExist(err) {
			return nil // deleted meanwhile
		}
		if err != nil || d.IsDir() {
			return err
		}
		key, err := filepath.Rel(root, name)
		if err == nil && !strings.HasPrefix(key, ".sgwtmp") {
			keys = append(keys, filepath.ToSlash(key))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

// open makes a Store that is closed at the end of the test.
func open(t testing.TB, cfg s3.Config) *s3.Store {
	t.Helper()
	s, err := s3.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// eventually waits until a condition holds.
func eventually(t testing.TB, limit time.Duration, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(limit); !ok(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s: not within %v", what, limit)
		}
	}
}
