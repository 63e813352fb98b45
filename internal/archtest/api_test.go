package archtest

import (
	"bytes"
	"flag"
	"fmt"
	"go/constant"
	"go/importer"
	"go/token"
	"go/types"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write testdata/api.txt anew")

const apiFile = "testdata/api.txt"

// TestTheAPIIsTheOneWrittenDown compares what packages export with
// testdata/api.txt, so that nothing is lost, changed or added without anybody
// having meant it. With -update it writes the file anew; what breaks programs
// has to be named in the changelog before.
func TestTheAPIIsTheOneWrittenDown(t *testing.T) {
	now := exportedAPI(t)
	text, err := os.ReadFile(apiFile)
	if err != nil {
		t.Fatal(err)
	}
	changelog, err := os.ReadFile(filepath.Join(rootPath, "CHANGELOG.md"))
	if err != nil {
		t.Fatal(err)
	}
	breaks, added := compareAPI(strings.Split(strings.TrimSpace(string(text)), "\n"), now)
	for _, b := range breaks {
		if !*update || !announced(string(changelog), b.name) {
			t.Errorf("%s\n\tThis breaks programs: if it is meant, name %s below \"Breaks\" in CHANGELOG.md.", b.text, b.name)
		}
	}
	if *update && !t.Failed() {
		if err := os.WriteFile(apiFile, []byte(strings.Join(now, "\n")+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	for _, line := range added {
		t.Errorf("new: %s", line)
	}
	if t.Failed() {
		t.Log("go test ./internal/archtest -run TestTheAPI -update writes " + apiFile + " anew")
	}
}

// breakage is a difference that programs notice: its text, and the name that
// the changelog has to have.
type breakage struct{ text, name string }

// compareAPI tells what breaks from what is only new. A new method of an
// interface breaks who implements it.
func compareAPI(old, now []string) (breaks []breakage, added []string) {
	for _, line := range old {
		if line != "" && !slices.Contains(now, line) {
			breaks = append(breaks, breakage{"gone or changed: " + line, nameIn(line)})
		}
	}
	for _, line := range now {
		if slices.Contains(old, line) {
			continue
		}
		declared, method, ok := strings.Cut(line, " interface, ")
		if ok && method != "" && slices.Contains(old, declared+" interface") {
			breaks = append(breaks, breakage{"new method of an interface: " + line, nameIn(line)})
			continue
		}
		added = append(added, line)
	}
	return breaks, added
}

var declaredName = regexp.MustCompile(`^pkg \S*, (?:method \(\*?(\w+)[^)]*\) |type \w+ (?:struct|interface), |\w+ )(\w+)`)

// nameIn is what a line is about: the name of a function, method, field or
// type.
func nameIn(line string) string {
	if m := declaredName.FindStringSubmatch(line); m != nil {
		return m[2]
	}
	return line
}

// announced tells whether the latest version in the changelog has a name below
// "Breaks".
func announced(changelog, name string) bool {
	_, latest, _ := strings.Cut(changelog, "\n## ")
	latest, _, _ = strings.Cut(latest, "\n## ")
	_, list, found := strings.Cut(latest, "\n### Breaks\n")
	list, _, _ = strings.Cut(list, "\n### ")
	return found && regexp.MustCompile(`\b`+regexp.QuoteMeta(name)+`\b`).MatchString(list)
}

// exportedAPI has a line for everything that programs can name or reach: of
// packages that they can import, and of types elsewhere that those hand out.
func exportedAPI(t *testing.T) []string {
	t.Helper()
	public := map[string]bool{}
	for _, f := range tree(t) {
		if f.library() && !strings.Contains("/"+f.pkg+"/", "/internal/") {
			public[strings.TrimSuffix(module+"/"+f.pkg, "/")] = true
		}
	}
	files := exportData(t, slices.Collect(maps.Keys(public)))
	compiled := importer.ForCompiler(token.NewFileSet(), "gc", func(path string) (io.ReadCloser, error) { return os.Open(files[path]) })
	a := &api{seen: map[*types.TypeName]bool{}}
	for path := range public {
		p, err := compiled.Import(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range p.Scope().Names() {
			if obj := p.Scope().Lookup(name); obj.Exported() {
				a.object(obj)
			}
		}
	}
	slices.Sort(a.lines)
	return slices.Compact(a.lines)
}

// exportData has the files with the types of packages and what they import,
// which the compiler has left.
func exportData(t *testing.T, paths []string) map[string]string {
	t.Helper()
	gobin, err := exec.LookPath("go")
	if err != nil {
		t.Skip("there is no go command")
	}
	args := append([]string{"list", "-export", "-deps", "-f", "{{.ImportPath}}\t{{.Export}}"}, paths...)
	cmd := exec.CommandContext(t.Context(), gobin, args...)
	var failed bytes.Buffer
	cmd.Dir, cmd.Stderr = rootPath, &failed
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, failed.String())
	}
	files := map[string]string{}
	for line := range strings.Lines(string(out)) {
		if path, file, ok := strings.Cut(strings.TrimSpace(line), "\t"); ok {
			files[path] = file
		}
	}
	return files
}

// api writes down what is exported.
type api struct {
	lines []string
	seen  map[*types.TypeName]bool
}

func (a *api) add(pkg *types.Package, format string, args ...any) {
	a.lines = append(a.lines, "pkg "+shortPath(pkg)+", "+fmt.Sprintf(format, args...))
}

// shortPath is the path below the module's root, or that of another module.
func shortPath(p *types.Package) string {
	if p.Path() == module {
		return "owncast"
	}
	return strings.TrimPrefix(p.Path(), module+"/")
}

func (a *api) object(obj types.Object) {
	switch obj := obj.(type) {
	case *types.Const:
		value := obj.Val().ExactString()
		if obj.Name() == "Version" && obj.Val().Kind() == constant.String {
			value = "…"
		}
		a.add(obj.Pkg(), "const %s %s = %s", obj.Name(), a.text(obj.Type()), value)
	case *types.Var:
		a.add(obj.Pkg(), "var %s %s", obj.Name(), a.text(obj.Type()))
	case *types.Func:
		a.add(obj.Pkg(), "func %s%s", obj.Name(), strings.TrimPrefix(a.text(obj.Type()), "func"))
	case *types.TypeName:
		if obj.IsAlias() {
			a.add(obj.Pkg(), "type %s = %s", obj.Name(), a.text(types.Unalias(obj.Type())))
			return
		}
		a.named(obj)
	}
}

// named writes down a type with its fields and methods.
func (a *api) named(obj *types.TypeName) {
	if a.seen[obj] {
		return
	}
	a.seen[obj] = true
	switch under := obj.Type().Underlying().(type) {
	case *types.Struct:
		a.add(obj.Pkg(), "type %s struct", obj.Name())
		for field := range under.Fields() {
			if field.Exported() {
				a.add(obj.Pkg(), "type %s struct, %s %s", obj.Name(), field.Name(), a.text(field.Type()))
			}
		}
	case *types.Interface:
		a.add(obj.Pkg(), "type %s interface", obj.Name())
		for method := range under.Methods() {
			a.add(obj.Pkg(), "type %s interface, %s%s", obj.Name(), method.Name(), strings.TrimPrefix(a.text(method.Type()), "func"))
		}
		return
	default:
		a.add(obj.Pkg(), "type %s %s", obj.Name(), a.text(under))
	}
	values := types.NewMethodSet(obj.Type())
	for selection := range types.NewMethodSet(types.NewPointer(obj.Type())).Methods() {
		method := selection.Obj()
		if !method.Exported() {
			continue
		}
		receiver := "*" + obj.Name()
		if values.Lookup(method.Pkg(), method.Name()) != nil {
			receiver = obj.Name()
		}
		a.add(obj.Pkg(), "method (%s) %s%s", receiver, method.Name(), strings.TrimPrefix(a.text(method.Type()), "func"))
	}
}

// text is a type as the file has it, and sees to the types in it that no
// package exports by itself.
func (a *api) text(t types.Type) string {
	a.reach(t)
	return types.TypeString(nameless(t), shortPath)
}

// nameless leaves out the names of parameters, which may change.
func nameless(t types.Type) types.Type {
	s, ok := t.(*types.Signature)
	if !ok {
		return t
	}
	without := func(vars *types.Tuple) *types.Tuple {
		var list []*types.Var
		for v := range vars.Variables() {
			list = append(list, types.NewParam(token.NoPos, nil, "", nameless(v.Type())))
		}
		return types.NewTuple(list...)
	}
	return types.NewSignatureType(nil, nil, nil, without(s.Params()), without(s.Results()), s.Variadic())
}

// reach writes down types of this module in t that are not exported by a
// package that programs can import.
func (a *api) reach(t types.Type) {
	switch t := types.Unalias(t).(type) {
	case *types.Named:
		obj := t.Obj()
		if obj.Pkg() != nil && strings.HasPrefix(obj.Pkg().Path()+"/", module+"/") &&
			(!obj.Exported() || strings.Contains(obj.Pkg().Path()+"/", "/internal/")) {
			a.named(obj)
		}
	case *types.Map:
		a.reach(t.Key())
		a.reach(t.Elem())
	case interface{ Elem() types.Type }: // pointers, slices, arrays, channels
		a.reach(t.Elem())
	case *types.Signature:
		for _, vars := range []*types.Tuple{t.Params(), t.Results()} {
			for v := range vars.Variables() {
				a.reach(v.Type())
			}
		}
	case *types.Struct:
		for field := range t.Fields() {
			a.reach(field.Type())
		}
	}
}

func TestWhatBreaksProgramsIsToldFromWhatIsNew(t *testing.T) {
	old := []string{"pkg p, type I interface", "pkg p, type I interface, A()", "pkg p, func F(int)", "pkg p, type S struct", "pkg p, method (*S) M()"}
	for change, want := range map[string]struct {
		now    []string
		breaks string // names
		added  int
	}{
		"nothing":                       {old, "", 0},
		"a function is gone":            {slices.Delete(slices.Clone(old), 2, 3), "F", 0},
		"a function has another type":   {append(slices.Delete(slices.Clone(old), 2, 3), "pkg p, func F(string)"), "F", 1},
		"a method is gone":              {old[:4], "M", 0},
		"an interface has a new method": {append(slices.Clone(old), "pkg p, type I interface, B()"), "B", 0},
		"there is a new interface":      {append(slices.Clone(old), "pkg p, type J interface", "pkg p, type J interface, B()"), "", 2},
		"a struct has a new field":      {append(slices.Clone(old), "pkg p, type S struct, X int"), "", 1},
		"an interface loses a method":   {slices.Delete(slices.Clone(old), 1, 2), "A", 0},
		"a type is gone":                {slices.Delete(slices.Clone(old), 3, 5), "S M", 0},
	} {
		t.Run(change, func(t *testing.T) {
			breaks, added := compareAPI(old, want.now)
			var names []string
			for _, b := range breaks {
				names = append(names, b.name)
			}
			if got := strings.Join(names, " "); got != want.breaks || len(added) != want.added {
				t.Errorf("breaks %q and %d are new, want %q and %d", got, len(added), want.breaks, want.added)
			}
		})
	}
	const changelog = "# C\n\n## 0.2.0\n\n### Added\n\n- `Old`\n\n### Breaks\n\n- `S.M` is `N`.\n\n### Fixed\n\n- `X`\n\n## 0.1.0\n\n### Breaks\n\n- `F`\n"
	for name, want := range map[string]bool{"M": true, "S": true, "N": true, "Old": false, "X": false, "F": false, "i": false} {
		if announced(changelog, name) != want {
			t.Errorf("%s is announced: %v", name, !want)
		}
	}
}
