package archtest

import (
	"fmt"
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

// httpClientPackage is the one that makes clients.
const httpClientPackage = "internal/httpx"

// ownContexts are the files that may make a context of nothing, with the
// reason. All others are given theirs.
func ownContexts() map[string]string {
	return map[string]string{
		"app.go": "what an App runs outlives the call that started it",
	}
}

func TestLibraryCodeHasManners(t *testing.T) {
	for _, f := range tree(t) {
		if f.library() {
			report(t, checkManners(f))
		}
	}
}

// checkManners returns what library code must not do.
func checkManners(f *file) []finding {
	var findings []finding
	imports := f.imports()
	for name, p := range imports {
		if reason, ok := forbiddenImports()[p]; ok {
			findings = append(findings, f.at(f.ast.Name, "import of %s: %s", p, reason))
		}
		if strings.HasPrefix(name, ".") {
			findings = append(findings, f.at(f.ast.Name, "dot import of %s: nobody sees where a name is from", p))
		}
	}
	allowedStars := map[ast.Node]bool{} // what a pointer's type points to
	ast.Inspect(f.ast, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.StarExpr:
			allowedStars[n.X] = true
		case *ast.SelectorExpr:
			if text := rejectSelector(f, imports, n, allowedStars[n]); text != "" {
				findings = append(findings, f.at(n, "%s", text))
			}
		case *ast.CallExpr:
			if id, ok := n.Fun.(*ast.Ident); ok && id.Obj == nil && slices.Contains([]string{"panic", "print", "println"}, id.Name) {
				findings = append(findings, f.at(n, "%s: return an error instead", id.Name))
			}
		case *ast.FuncDecl:
			if n.Recv == nil && n.Name.Name == "init" {
				findings = append(findings, f.at(n, "init: importing must not do anything"))
			}
		case *ast.CommentGroup:
			for _, c := range n.List {
				if strings.HasPrefix(c.Text, "//go:linkname") {
					findings = append(findings, f.at(c, "go:linkname: use what is exported"))
				}
			}
		}
		return true
	})
	return findings
}

// rejectSelector says why n must not be used, or nothing. pointedTo tells
// whether it is the type of a pointer.
func rejectSelector(f *file, imports map[string]string, n *ast.SelectorExpr, pointedTo bool) string {
	id, ok := n.X.(*ast.Ident)
	if !ok || id.Obj != nil { // a variable has the name of the package
		return ""
	}
	p, ok := imports[id.Name]
	if !ok {
		return ""
	}
	name := p + "." + n.Sel.Name
	if reason, ok := forbiddenNames()[name]; ok {
		return fmt.Sprintf("%s: %s", name, reason)
	}
	switch name {
	case "net/http.Client", "net/http.Transport":
		if f.pkg != httpClientPackage && !pointedTo {
			return fmt.Sprintf("%s: only %s makes clients; take a pointer to one", name, httpClientPackage)
		}
	case "context.Background", "context.TODO":
		if _, ok := ownContexts()[f.name]; !ok || n.Sel.Name == "TODO" {
			return fmt.Sprintf("%s: take a context from the caller, or say in ownContexts of internal/archtest why not", name)
		}
	}
	return ""
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
