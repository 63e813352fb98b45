package archtest

import (
	"go/ast"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// forbiddenImports are packages of the standard library that library code does
// not import, with the reason.
func forbiddenImports() map[string]string {
	return map[string]string{
		"log":            "take a *slog.Logger from the host",
		"flag":           "flags are the host's",
		"os/signal":      "signals are the host's",
		"expvar":         "it registers handlers and variables for the whole process",
		"net/http/pprof": "it registers handlers for the whole process",
		"math/rand":      "use math/rand/v2, or crypto/rand for secrets",
		"plugin":         "the host decides what it links",
		"unsafe":         "nothing here is worth it",
	}
}

// forbiddenNames are functions, types and variables of the standard library
// that library code does not use, with the reason.
func forbiddenNames() map[string]string {
	const (
		env     = "the environment is the host's"
		process = "it changes the whole process"
		client  = "requests go through the client of internal/httpx"
		serving = "the host serves, on its own mux"
		stdio   = "standard input and output are the host's"
		logger  = "use the logger that the host gave"
	)
	reasons := map[string]string{
		"os.Exit": "ending the process is the host's", "runtime.Goexit": "return instead",
		"time.Sleep": "use a timer and a context",
		"time.Tick":  "use a ticker and stop it",

		"context.TODO": "take a context from the caller",
	}
	for reason, names := range map[string][]string{
		env: {"os.Getenv", "os.LookupEnv", "os.Setenv", "os.Unsetenv", "os.Clearenv", "os.Environ", "os.ExpandEnv", "syscall.Getenv", "syscall.Setenv"},
		process: {
			"os.Chdir", "syscall.Chdir", "syscall.Umask", "syscall.Setrlimit", "syscall.Exit", "syscall.Kill", "runtime.GOMAXPROCS",
			"runtime/debug.SetGCPercent", "runtime/debug.SetMemoryLimit", "runtime/debug.SetMaxStack", "runtime/debug.SetMaxThreads",
			"runtime/debug.SetTraceback", "runtime/debug.FreeOSMemory", "mime.AddExtensionType", "log/slog.SetDefault", "log/slog.SetLogLoggerLevel",
			"net.DefaultResolver",
		},
		client:  {"net/http.DefaultClient", "net/http.DefaultTransport", "net/http.Get", "net/http.Head", "net/http.Post", "net/http.PostForm"},
		serving: {"net/http.DefaultServeMux", "net/http.Handle", "net/http.HandleFunc", "net/http.ListenAndServe", "net/http.ListenAndServeTLS", "net/http.Serve", "net/http.ServeTLS"},
		stdio:   {"os.Stdin", "os.Stdout", "os.Stderr", "fmt.Print", "fmt.Printf", "fmt.Println", "fmt.Scan", "fmt.Scanf", "fmt.Scanln"},
		logger: {
			"log/slog.Debug", "log/slog.DebugContext", "log/slog.Info", "log/slog.InfoContext", "log/slog.Warn", "log/slog.WarnContext",
			"log/slog.Error", "log/slog.ErrorContext", "log/slog.Log", "log/slog.LogAttrs",
		},
	} {
		for _, name := range names {
			reasons[name] = reason
		}
	}
	return reasons
}

// exceptions are names that one file may use, with the reason.
func exceptions() map[use]string {
	const operators = "the server is the operator's own, mostly in a private network, where the client of internal/httpx does not go"
	return map[use]string{
		{"storage/s3/client.go", "net/http.Client"}:      operators,
		{"storage/s3/client.go", "net/http.Transport"}:   operators,
		{"video/ffmpeg/ffmpeg.go", "runtime.GOMAXPROCS"}: "asking how many changes nothing",
		{"video/ffmpeg/process_unix.go", "syscall.Kill"}: "it kills the process groups that it started",
	}
}

// use is a name of the standard library in a file.
type use struct{ file, name string }

// httpClientPackage is the one that makes clients.
const httpClientPackage = "internal/httpx"

// ownContexts are the files whose constructor may make a context of nothing,
// with the reason. All other code is given its contexts.
func ownContexts() map[string]string {
	const server = "what a server runs outlives the calls that started it, and ends with its Shutdown"
	return map[string]string{
		"video/restream/service.go":  server,
		"video/server.go":            server,
		"video/rtmp/server.go":       server,
		"video/hls/packager.go":      server,
		"video/recording/library.go": server,
	}
}

func TestLibraryCodeHasManners(t *testing.T) {
	names := map[string]bool{}
	for _, f := range tree(t) {
		names[f.name] = true
		if f.library() {
			report(t, checkManners(f))
		}
	}
	for name := range ownContexts() {
		if !names[name] {
			t.Errorf("ownContexts has %s, which is not there", name)
		}
	}
	for u := range exceptions() {
		if !names[u.file] {
			t.Errorf("exceptions has %s, which is not there", u.file)
		}
	}
}

// checkManners returns what library code must not do.
func checkManners(f *file) []finding {
	m := manners{file: f, imports: f.imports(), names: forbiddenNames(), pointedTo: map[ast.Node]bool{}}
	for name, p := range m.imports {
		if reason, ok := forbiddenImports()[p]; ok {
			m.found(f.ast.Name, "import of %s: %s", p, reason)
		}
		if strings.HasPrefix(name, ".") {
			m.found(f.ast.Name, "dot import of %s: nobody sees where a name is from", p)
		}
	}
	for _, decl := range f.ast.Decls {
		m.function = ""
		if fn, ok := decl.(*ast.FuncDecl); ok {
			m.function = fn.Name.Name
			if fn.Recv == nil && m.function == "init" {
				m.found(fn, "init: importing must not do anything")
			}
		}
		ast.Inspect(decl, m.visit)
	}
	for _, group := range f.ast.Comments {
		for _, c := range group.List {
			if strings.HasPrefix(c.Text, "//go:linkname") {
				m.found(c, "go:linkname: use what is exported")
			}
		}
	}
	return m.findings
}

// manners looks for bad ones in a file.
type manners struct {
	file      *file
	imports   map[string]string
	names     map[string]string // forbiddenNames
	pointedTo map[ast.Node]bool // types that a pointer's type points to
	function  string            // that it is in
	findings  []finding
}

func (m *manners) found(n ast.Node, format string, args ...any) {
	m.findings = append(m.findings, m.file.at(n, format, args...))
}

func (m *manners) visit(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.StarExpr:
		m.pointedTo[n.X] = true
	case *ast.SelectorExpr:
		m.selector(n)
	case *ast.CallExpr:
		id, ok := n.Fun.(*ast.Ident)
		if ok && id.Obj == nil && slices.Contains([]string{"panic", "print", "println"}, id.Name) {
			m.found(n, "%s: return an error instead", id.Name)
		}
	}
	return true
}

// selector looks at what may be the name of something in another package.
func (m *manners) selector(n *ast.SelectorExpr) {
	id, ok := n.X.(*ast.Ident)
	if !ok || id.Obj != nil { // a variable has the name of the package
		return
	}
	p, ok := m.imports[id.Name]
	if !ok {
		return
	}
	name := p + "." + n.Sel.Name
	if _, ok := exceptions()[use{m.file.name, name}]; ok {
		return
	}
	if reason, ok := m.names[name]; ok {
		m.found(n, "%s: %s", name, reason)
	}
	switch name {
	case "net/http.Client", "net/http.Transport":
		if m.file.pkg != httpClientPackage && !m.pointedTo[n] {
			m.found(n, "%s: only %s makes clients; take a pointer to one", name, httpClientPackage)
		}
	case "context.Background":
		if _, ok := ownContexts()[m.file.name]; !ok || !strings.HasPrefix(m.function, "New") {
			m.found(n, "%s: take a context from the caller, or make it in New and say why in ownContexts of internal/archtest", name)
		}
	}
}

// machineWords are parts of paths that only exist on somebody's machine.
func machineWords() []string {
	return []string{"/" + "tmp/", "/" + "home/", "/" + "root/", "/" + "Users/", `C:\` + `Users`}
}

func TestNoCodeKnowsAMachine(t *testing.T) {
	for _, f := range tree(t) {
		if !f.test {
			report(t, checkWords(f))
		}
	}
}

// checkWords returns the lines that name a place on a machine, and comments
// about work that is left.
func checkWords(f *file) []finding {
	var findings []finding
	for i, line := range f.lines {
		for _, word := range machineWords() {
			if strings.Contains(line, word) {
				findings = append(findings, finding{f.name + ":" + strconv.Itoa(i+1), "it names " + word})
			}
		}
	}
	for _, group := range f.ast.Comments {
		for _, c := range group.List {
			for _, word := range []string{"TODO", "FIXME", "XXX", "HACK"} {
				if slices.Contains(strings.FieldsFunc(c.Text, func(r rune) bool { return r < 'A' || r > 'Z' }), word) {
					findings = append(findings, f.at(c, "%s: finish it, or open an issue", word))
				}
			}
		}
	}
	return findings
}
