package archtest

import (
	"go/ast"
	"slices"
	"strings"
	"testing"
)

// TestEverythingAHostStartsWithHasAnExample keeps go doc useful: every option,
// and every package that hosts can import.
func TestEverythingAHostStartsWithHasAnExample(t *testing.T) {
	report(t, checkExamples(tree(t)))
}

// checkExamples finds functions of the root that return an Option, and public
// packages, without an example. One with an empty comment, or that is in the
// package itself and so does not show how a host writes it, does not count.
func checkExamples(files []*file) []finding {
	names := map[string][]string{} // by package, without "Example"
	for _, f := range files {
		for _, fn := range functions(f) {
			if name, ok := strings.CutPrefix(fn.Name.Name, "Example"); ok && f.test && fn.Recv == nil &&
				strings.HasSuffix(f.ast.Name.Name, "_test") && fn.Doc.Text() != "" {
				names[f.pkg] = append(names[f.pkg], name)
			}
		}
	}
	var findings []finding
	seen := map[string]bool{}
	for _, f := range files {
		if !f.library() || strings.Contains("/"+f.pkg+"/", "/internal/") {
			continue
		}
		if !seen[f.pkg] && len(names[f.pkg]) == 0 {
			findings = append(findings, f.at(f.ast.Name, "package %s has no example", f.ast.Name.Name))
		}
		seen[f.pkg] = true
		for _, fn := range functions(f) {
			if f.pkg == "" && fn.Recv == nil && isOption(fn) && !slices.ContainsFunc(names[""], func(name string) bool {
				return name == fn.Name.Name || strings.HasPrefix(name, fn.Name.Name+"_")
			}) {
				findings = append(findings, f.at(fn, "%s has no example", fn.Name.Name))
			}
		}
	}
	return findings
}

// isOption tells whether fn is exported and returns an Option.
func isOption(fn *ast.FuncDecl) bool {
	results := fn.Type.Results
	if !fn.Name.IsExported() || results == nil || len(results.List) != 1 {
		return false
	}
	id, ok := results.List[0].Type.(*ast.Ident)
	return ok && id.Name == "Option"
}

func functions(f *file) []*ast.FuncDecl {
	var fns []*ast.FuncDecl
	for _, decl := range f.ast.Decls {
		if fn, ok := decl.(*ast.FuncDecl); ok {
			fns = append(fns, fn)
		}
	}
	return fns
}

func TestMissingExamplesAreCaught(t *testing.T) {
	for _, c := range []struct {
		name, src, example string
		caught             bool
	}{
		{"x.go", `func WithX() Option { return nil }`, "// X.\nfunc Example() {}", true},
		{"x.go", `func WithX() Option { return nil }`, "// X.\nfunc ExampleWithXY() {}", true},
		{"x.go", `func WithX() Option { return nil }`, "func ExampleWithX() {}", true},
		{"x.go", `func WithX() Option { return nil }`, "// X.\nfunc ExampleWithX() {}", false},
		{"x.go", `func WithX() Option { return nil }`, "// X.\nfunc ExampleWithX_y() {}", false},
		{"x.go", `func withX() Option { return nil }`, "// X.\nfunc Example() {}", false},
		{"x.go", `func X() int { return 0 }`, "// X.\nfunc Example() {}", false},
		{"storage/x.go", `func New() {}`, "func x() {}", true},
		{"storage/x.go", `func New() {}`, "// X.\nfunc ExampleNew() {}", false},
		{"internal/x/x.go", `func New() {}`, "func x() {}", false},
		{"storage/internal/x/x.go", `func New() {}`, "func x() {}", false},
	} {
		code := mustParse(t, c.name, c.src)
		test, err := parse(strings.TrimSuffix(c.name, ".go")+"_test.go", "package p_test\n"+c.example)
		if err != nil {
			t.Fatal(err)
		}
		verdict(t, c.src+"\n"+c.example, checkExamples([]*file{code, test}), c.caught)
	}
}
