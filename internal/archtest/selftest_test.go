package archtest

import (
	"strings"
	"testing"
)

// mustParse parses a snippet as a file of the module. A snippet without a
// package clause gets one, and the imports it names in front of a semicolon.
func mustParse(t *testing.T, name, src string) *file {
	t.Helper()
	f, err := parse(name, "package p\n"+src)
	if err != nil {
		t.Fatalf("%s: %v", src, err)
	}
	return f
}

// verdict fails the test unless there are findings where there should be.
func verdict(t *testing.T, src string, findings []finding, caught bool) {
	t.Helper()
	if caught && len(findings) == 0 {
		t.Errorf("nothing is found wrong with\n%s", src)
	}
	if !caught && len(findings) > 0 {
		t.Errorf("found %v\nin %s", findings, src)
	}
}

func TestForbiddenImportsAreCaught(t *testing.T) {
	own := func(pkg string) string { return `import "` + module + "/" + pkg + `"` }
	for _, c := range []struct {
		name, src string
		caught    bool
	}{
		{"storage/x.go", own("video"), true},
		{"video/x.go", own("video/hls"), true},
		{"video/hls/x.go", own("video/rtmp"), true},
		{"video/rtmp/x.go", `import "` + module + `"`, true},
		{"internal/auth/x.go", `import _ "` + module + `"`, true},
		{"nowhere/x.go", own("storage"), true},
		{"examples/a/x.go", own("internal/auth"), true},
		{"examples/a/x.go", own("examples/b"), true},
		{"video/hls/x.go", own("storage"), false},
		{"video/hls/x_test.go", own("video/rtmp"), false},
		{"x.go", own("repository/bolt"), false},
		{"examples/a/x.go", `import "` + module + `"`, false},
		{"examples/a/x.go", own("video/rtmp"), false},

		{"video/x.go", `import "C"`, true},
		{"video/x.go", `import "github.com/yutopp/go-rtmp"`, true},
		{"video/rtmp/x_test.go", `import "go.etcd.io/bbolt"`, true},
		{"video/rtmp/x.go", `import "github.com/yutopp/go-rtmpx"`, true},
		{"video/hls/x.go", `import "github.com/Eyevinn/mp4ff/mp4"`, true},
		{"video/hls/x.go", `import "go.uber.org/goleak"`, true},
		{"video/hls/x_test.go", `import "github.com/stretchr/testify/assert"`, true},
		{"examples/a/x.go", `import "go.uber.org/goleak"`, true},
		{"video/rtmp/x.go", `import "github.com/yutopp/go-rtmp/message"`, false},
		{"video/hls/x_test.go", `import "github.com/Eyevinn/mp4ff/mp4"`, false},
		{"repository/bolt/x.go", `import "go.etcd.io/bbolt"`, false},
		{"video/x.go", `import "encoding/json"`, false},
	} {
		verdict(t, c.name+": "+c.src, checkImports(mustParse(t, c.name, c.src)), c.caught)
	}
}

func TestBadMannersAreCaught(t *testing.T) {
	for _, src := range []string{
		`import "log"`,
		`import l "log"`,
		`import "flag"`,
		`import "os/signal"`,
		`import _ "net/http/pprof"`,
		`import "expvar"`,
		`import "math/rand"`,
		`import "unsafe"`,
		`import . "strings"`,
		`import "os"; func f() { os.Exit(1) }`,
		`import sys "os"; func f() { sys.Exit(1) }`,
		`import "os"; func f() { exit := os.Exit; exit(1) }`,
		`import "os"; func f() string { return os.Getenv("A") }`,
		`import "os"; func f() { os.Setenv("A", "B") }`,
		`import "os"; func f() { os.Chdir("/") }`,
		`import "os"; func f() { os.Stdout.WriteString("") }`,
		`import "fmt"; func f() { fmt.Println() }`,
		`import "time"; func f() { time.Sleep(1) }`,
		`import "runtime/debug"; func f() { debug.SetGCPercent(1) }`,
		`import "log/slog"; func f() { slog.SetDefault(nil) }`,
		`import "log/slog"; func f() { slog.Info("") }`,
		`import "net/http"; func f() { http.Get("") }`,
		`import "net/http"; func f() { http.Post("", "", nil) }`,
		`import "net/http"; func f() { http.Head("") }`,
		`import "net/http"; func f() { http.DefaultClient.Do(nil) }`,
		`import "net/http"; func f() { http.DefaultServeMux.Handle("", nil) }`,
		`import "net/http"; func f() { http.HandleFunc("", nil) }`,
		`import "net/http"; func f() { http.ListenAndServe("", nil) }`,
		`import "net/http"; func f() any { return &http.Client{} }`,
		`import "net/http"; func f() any { return http.Client{} }`,
		`import "net/http"; func f() any { return new(http.Client) }`,
		`import "net/http"; type t struct { c http.Client }`,
		`import "net/http"; func f() any { return &http.Transport{} }`,
		`import "net/http"; func f() any { return http.DefaultTransport.(*http.Transport) }`,
		`import "context"; func f() any { return context.Background() }`,
		`import "context"; func f() any { return context.TODO() }`,
		`func f() { panic("") }`,
		`func f() { println("") }`,
		`func init() {}`,
	} {
		verdict(t, src, checkManners(mustParse(t, "video/x.go", src)), true)
	}
}

func TestGoodMannersAreNot(t *testing.T) {
	for _, c := range []struct{ name, src string }{
		{"video/x.go", `import "log/slog"; func f(log *slog.Logger) { log.Info("") }`},
		{"video/x.go", `import "log/slog"; func f() *slog.Logger { return slog.Default() }`},
		{"video/x.go", `import "os"; func f() { os.Open("") }`},
		{"video/x.go", `type p struct{}; func (p) Exit(int) {}; func f(os p) { os.Exit(1) }`},
		{"video/x.go", `import "os"; type p struct{}; func (p) Exit(int) {}; func g() { os.Open("") }; func f(os p) { os.Exit(1) }`},
		{"video/x.go", `import "net/http"; type t struct { c *http.Client }`},
		{"video/x.go", `import "net/http"; func f(w http.ResponseWriter, r *http.Request) { http.Error(w, "", 500) }`},
		{"video/x.go", `func f() { recover() }`},
		{"video/x.go", `type t struct{}; func (t) init() {}`},
		{"video/x.go", `func f(panic func(string)) { panic("") }`},
		{"internal/httpx/x.go", `import "net/http"; func f() any { return &http.Client{Transport: &http.Transport{}} }`},
		{"video/server.go", `import "context"; func New() any { return context.Background() }`},
	} {
		verdict(t, c.name+": "+c.src, checkManners(mustParse(t, c.name, c.src)), false)
	}
	for _, src := range []string{
		`import "context"; func New() any { return context.TODO() }`,
		`import "context"; func f() any { return context.Background() }`,
		`import "context"; type t struct{}; func (t) run() any { return context.Background() }`,
	} {
		verdict(t, "video/server.go: "+src, checkManners(mustParse(t, "video/server.go", src)), true)
	}
}

func TestStateIsCaught(t *testing.T) {
	for _, src := range []string{
		`var x int`,
		`var err error`,
		`var errX = f(); func f() error { return nil }`,
		`var x = &t{}; type t struct{}`,
		`import "errors"; var errX = errors.New("x"); func f() { errX = nil }`,
		`type e struct{ a int }; var errX = &e{1}; func f() { errX.a = 2 }`,
		`import "io"; var eof = io.EOF`,
		`var x = 1`,
		`var X = [2]int{1, 2}`,
		`var x, y = 1, 2`,
		`var m = map[string]int{}`,
		`var s = []int{1}`,
		`var s []int`,
		`type list []int; var s = list{1}`,
		`type dict map[int]int; var s = dict{}`,
		`import "sync"; var mu sync.Mutex`,
		`import "sync"; var pool = sync.Pool{}`,
		`import "sync"; var once = &sync.Once{}`,
		`import "net/http"; var c = http.Client{}`,
		`var f = func() {}`,
		`var ch = make(chan int, 2)`,
		`import "os"; var e = os.Args`,
		"import _ \"embed\"\n//go:embed a\nvar b []byte",
		`var t = [2]int{1, 2}; func f() { t[0] = 3 }`,
		`var t = [2]int{1, 2}; func f() { t = [2]int{} }`,
		`var t = [2]int{1, 2}; func f() { t[1]++ }`,
		`var t = [2]int{1, 2}; func f() { t[0] += 2 }`,
		`var t = [2]int{1, 2}; func f() *int { return &t[0] }`,
		`var t = [2]int{1, 2}; func f() []int { return t[:] }`,
		`var t = struct{ a int }{1}; func f() { t.a = 2 }`,
		`var t = struct{ a int }{1}; func f() any { return &t }`,
		`var t = [2]struct{ a int }{}; func f() { (t[0]).a = 2 }`,
		`var t = [2]int{1, 2}; func f() { for t[0] = range 3 {} }`,
	} {
		verdict(t, src, checkVars([]*file{mustParse(t, "video/x.go", src)}), true)
	}
	a := mustParse(t, "video/a.go", `var t = [2]int{1, 2}`)
	b := mustParse(t, "video/b.go", `func f() { t[0] = 1 }`)
	verdict(t, "a change in another file", checkVars([]*file{a, b}), true)
}

func TestWhatNobodyCanChangeIsNoState(t *testing.T) {
	for _, src := range []string{
		`import "errors"; var ErrX = errors.New("x")`,
		`import "errors"; var ( errX = errors.New("x"); errY = errors.New("y") )`,
		`import "fmt"; var ErrX = fmt.Errorf("x")`,
		`import "os"; var ErrX = os.ErrNotExist`,
		`type e struct{ a int }; var errX = &e{1}; func f() int { return errX.a }`,
		`import "regexp"; var re = regexp.MustCompile("x")`,
		`type i interface{}; type t struct{}; var _ i = (*t)(nil)`,
		"import \"embed\"\n//go:embed a\nvar fs embed.FS",
		"import \"embed\"\nvar (\n//go:embed a\nfs embed.FS\n)",
		`var t = [2]int{1, 2}; func f() int { return t[1] }`,
		`var t = [...]string{"a"}; func f() { for range t {} }`,
		`type s struct{ a int }; var t = s{1}`,
		`var t = [2]int{1, 2}; func f() { t := [2]int{}; t[0] = 1; _ = t[:] }`,
		`var t = [2]int{1, 2}; func f(t []int) { t[0] = 1 }`,
		`const c = 1`,
		`func f() { var x int; _ = x }`,
	} {
		verdict(t, src, checkVars([]*file{mustParse(t, "video/x.go", src)}), false)
	}
}

func TestWordsAreCaught(t *testing.T) {
	for _, src := range []string{
		`const dir = "` + "/" + `tmp/x"`,
		`// see ` + "/" + `home/somebody/notes`,
		`// ` + "TO" + `DO: finish`,
		"/* " + "FIX" + "ME */",
	} {
		verdict(t, src, checkWords(mustParse(t, "video/x.go", src)), true)
	}
	for _, src := range []string{`const url = "/api/home"`, `// all is done`, `const s = "` + "TO" + `DO"`} {
		verdict(t, src, checkWords(mustParse(t, "video/x.go", src)), false)
	}
}

func TestFilesThatAreNeverBuiltAreKnown(t *testing.T) {
	for src, want := range map[string]bool{
		"//go:build ignore\n\npackage p":             true,
		"//go:build deps\n\npackage p":               true,
		"//go:build linux\n\npackage p":              false,
		"//go:build !owncast_noui\n\npackage p":      false,
		"//go:build !windows && !plan9\n\npackage p": false,
		"package p": false,
	} {
		f, err := parse("x.go", src)
		if err != nil {
			t.Fatal(err)
		}
		if got := f.neverBuilt(); got != want {
			t.Errorf("neverBuilt of %q is %v", strings.ReplaceAll(src, "\n", " "), got)
		}
	}
}
