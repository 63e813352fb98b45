package archtest

import (
	"fmt"
	"go/ast"
	"go/build/constraint"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const (
	module   = "github.com/owncast-go/owncast"
	rootPath = "../.."
)

// file is a parsed Go file of the module.
type file struct {
	pkg   string // directory below the module's root, "" for the root itself
	name  string // path below the module's root
	test  bool   // whether it is a _test.go file
	ast   *ast.File
	lines []string
	set   *token.FileSet
}

// finding is what is wrong at a place.
type finding struct {
	pos  string
	text string
}

func (f *file) at(n ast.Node, format string, args ...any) finding {
	return finding{
		pos:  fmt.Sprintf("%s:%d", f.name, f.set.Position(n.Pos()).Line),
		text: fmt.Sprintf(format, args...),
	}
}

// library tells whether f is code that a host links: neither a test nor an
// example.
func (f *file) library() bool {
	return !f.test && f.pkg != "examples" && !strings.HasPrefix(f.pkg, "examples/")
}

// parse parses a file, name being its path below the module's root.
func parse(name, src string) (*file, error) {
	set := token.NewFileSet()
	parsed, err := parser.ParseFile(set, name, src, parser.ParseComments)
	if err != nil {
		return nil, err
	}
	pkg := path.Dir(name)
	if pkg == "." {
		pkg = ""
	}
	return &file{
		pkg:   pkg,
		name:  name,
		test:  strings.HasSuffix(name, "_test.go"),
		ast:   parsed,
		lines: strings.Split(src, "\n"),
		set:   set,
	}, nil
}

// tree parses all Go files of the module but those that no build includes.
func tree(t *testing.T) []*file {
	t.Helper()
	var files []*file
	err := fs.WalkDir(os.DirFS(rootPath), ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && name != "." && skipDir(path.Base(name)):
			return fs.SkipDir
		case d.IsDir() || path.Ext(name) != ".go":
			return nil
		}
		src, err := os.ReadFile(filepath.Join(rootPath, filepath.FromSlash(name)))
		if err != nil {
			return err
		}
		f, err := parse(name, string(src))
		if err != nil {
			return err
		}
		if !f.neverBuilt() {
			files = append(files, f)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(files, func(f *file) bool { return f.pkg == "internal/archtest" }) {
		t.Fatalf("%s is not the root of the module", rootPath)
	}
	return files
}

// skipDir tells whether the go command ignores a directory of that name.
func skipDir(base string) bool {
	return strings.HasPrefix(base, ".") || strings.HasPrefix(base, "_") || base == "testdata" || base == "node_modules"
}

// neverBuilt tells whether f has a build constraint that only a tag without
// a meaning can meet, as of files that keep a module in go.mod.
func (f *file) neverBuilt() bool {
	for _, group := range f.ast.Comments {
		if group.Pos() > f.ast.Package {
			break
		}
		for _, c := range group.List {
			expr, err := constraint.Parse(c.Text)
			if err == nil && !expr.Eval(func(tag string) bool { return !slices.Contains([]string{"ignore", "deps", "tools"}, tag) }) &&
				expr.Eval(func(string) bool { return true }) {
				return true
			}
		}
	}
	return false
}

// imports returns the paths that f imports, by the name they have in it.
func (f *file) imports() map[string]string {
	m := map[string]string{}
	for _, spec := range f.ast.Imports {
		p, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			continue
		}
		name := path.Base(p)
		if spec.Name != nil {
			name = spec.Name.Name
		} else if len(name) > 1 && name[0] == 'v' && strings.Trim(name[1:], "0123456789") == "" {
			name = path.Base(path.Dir(p)) // of math/rand/v2 and the like
		}
		if name == "_" || name == "." {
			name += p // there may be several
		}
		m[name] = p
	}
	return m
}

// report fails the test for each finding.
func report(t *testing.T, findings []finding) {
	t.Helper()
	for _, f := range findings {
		t.Errorf("%s: %s", f.pos, f.text)
	}
}

// TestTheTableOfAttacksNamesTests finds rows of the table in attack_test.go
// whose tests have another name by now.
func TestTheTableOfAttacksNamesTests(t *testing.T) {
	known := map[string]bool{}
	var table string
	for _, f := range tree(t) {
		if f.name == "attack_test.go" && len(f.ast.Comments) > 0 {
			table = f.ast.Comments[0].Text()
		}
		for _, decl := range f.ast.Decls {
			if fn, ok := decl.(*ast.FuncDecl); ok && f.test {
				known[fn.Name.Name] = true
			}
		}
	}
	names := regexp.MustCompile(`\b(Test|Fuzz)[A-Z]\w+`).FindAllString(table, -1)
	if len(names) < 30 {
		t.Errorf("the table has %d tests:\n%s", len(names), table)
	}
	for _, name := range names {
		if !known[name] {
			t.Errorf("there is no %s", name)
		}
	}
}
