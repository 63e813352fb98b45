package archtest

import (
	"go/ast"
	"go/token"
	"strings"
	"testing"
)

// Variables of a package are state that all users of a process share, so
// library code has only some that nobody can change:
//
//   - _, to assert that a type has an interface
//   - errors made by errors.New or fmt.Errorf; under a name that begins with
//     Err or err also literals of a type of the package's own, and errors of
//     another package
//   - regular expressions made by regexp.MustCompile
//   - files and strings embedded by go:embed
//   - unexported arrays, and structs of the package's own types, written as a
//     literal
//
// Even those it neither assigns to nor takes the address of.
//
// For the rest there are constants, functions and fields.
func TestPackagesHaveNoState(t *testing.T) {
	packages := map[string][]*file{}
	for _, f := range tree(t) {
		if f.library() {
			packages[f.pkg] = append(packages[f.pkg], f)
		}
	}
	for _, files := range packages {
		report(t, checkVars(files))
	}
}

// checkVars returns the variables of a package that somebody could change.
func checkVars(files []*file) []finding {
	var findings []finding
	tables := map[string]bool{}
	for _, f := range files {
		for _, decl := range f.ast.Decls {
			gen, ok := decl.(*ast.GenDecl)
			if !ok || gen.Tok != token.VAR {
				continue
			}
			for _, spec := range gen.Specs {
				vs := spec.(*ast.ValueSpec)
				if embedded(gen, vs) {
					continue
				}
				for i, name := range vs.Names {
					switch {
					case name.Name == "_":
					case i < len(vs.Values) && unchanging(f, name, vs.Values[i]):
						tables[name.Name] = true
					default:
						findings = append(findings, f.at(name, "package variable %s: make it a constant, a function or a field", name.Name))
					}
				}
			}
		}
	}
	for _, f := range files {
		findings = append(findings, changes(f, tables)...)
	}
	return findings
}

// embedded tells whether a variable has its value by go:embed.
func embedded(gen *ast.GenDecl, vs *ast.ValueSpec) bool {
	if id, ok := vs.Type.(*ast.ArrayType); ok && id != nil {
		return false // []byte can be changed
	}
	for _, doc := range []*ast.CommentGroup{gen.Doc, vs.Doc} {
		if doc == nil {
			continue
		}
		for _, c := range doc.List {
			if strings.HasPrefix(c.Text, "//go:embed ") {
				return true
			}
		}
	}
	return false
}

// unchanging tells whether a variable may be one as long as nobody assigns to
// it.
func unchanging(f *file, name *ast.Ident, value ast.Expr) bool {
	if constantValue(f, value) || !name.IsExported() && table(f, value) {
		return true
	}
	if !strings.HasPrefix(name.Name, "Err") && !strings.HasPrefix(name.Name, "err") {
		return false
	}
	switch v := value.(type) {
	case *ast.SelectorExpr:
		return strings.HasPrefix(v.Sel.Name, "Err")
	case *ast.UnaryExpr:
		return v.Op == token.AND && table(f, v.X)
	}
	return false
}

// constantValue tells whether a value is an error or a regular expression.
func constantValue(f *file, value ast.Expr) bool {
	call, ok := value.(*ast.CallExpr)
	if !ok {
		return false
	}
	sel, ok := call.Fun.(*ast.SelectorExpr)
	if !ok {
		return false
	}
	id, ok := sel.X.(*ast.Ident)
	if !ok {
		return false
	}
	switch f.imports()[id.Name] + "." + sel.Sel.Name {
	case "errors.New", "fmt.Errorf", "regexp.MustCompile":
		return true
	}
	return false
}

// table tells whether a value is the literal of an array or of a struct of
// the package.
func table(f *file, value ast.Expr) bool {
	lit, ok := value.(*ast.CompositeLit)
	if !ok {
		return false
	}
	switch typ := lit.Type.(type) {
	case *ast.ArrayType:
		return typ.Len != nil // a slice can be changed by whoever got it
	case *ast.StructType:
		return true
	case *ast.Ident:
		return localStruct(typ)
	}
	return false
}

// localStruct tells whether a name is not known to be something else than a
// struct or array: types of other files are taken on trust, as slices and maps
// there are named by what they are.
func localStruct(id *ast.Ident) bool {
	if id.Obj == nil {
		return true
	}
	spec, ok := id.Obj.Decl.(*ast.TypeSpec)
	if !ok {
		return false
	}
	switch typ := spec.Type.(type) {
	case *ast.StructType:
		return true
	case *ast.ArrayType:
		return typ.Len != nil
	}
	return false
}

// changes returns the places where f changes one of the tables, or gives
// somebody the means to.
func changes(f *file, tables map[string]bool) []finding {
	var findings []finding
	check := func(e ast.Expr, how string) {
		if id := base(e); id != nil && tables[id.Name] && !local(f, id) {
			findings = append(findings, f.at(e, "package variable %s is %s", id.Name, how))
		}
	}
	ast.Inspect(f.ast, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.AssignStmt:
			if n.Tok != token.DEFINE {
				for _, e := range n.Lhs {
					check(e, "assigned to")
				}
			}
		case *ast.RangeStmt:
			if n.Tok == token.ASSIGN {
				check(n.Key, "assigned to")
				check(n.Value, "assigned to")
			}
		case *ast.IncDecStmt:
			check(n.X, "assigned to")
		case *ast.UnaryExpr:
			if n.Op == token.AND {
				check(n.X, "pointed to")
			}
		case *ast.SliceExpr:
			check(n.X, "sliced")
		}
		return true
	})
	return findings
}

// base returns the variable that e is, or is a part of.
func base(e ast.Expr) *ast.Ident {
	for {
		switch x := e.(type) {
		case *ast.Ident:
			return x
		case *ast.IndexExpr:
			e = x.X
		case *ast.SelectorExpr:
			e = x.X
		case *ast.ParenExpr:
			e = x.X
		default:
			return nil
		}
	}
}

// local tells whether id is a variable of a function.
func local(f *file, id *ast.Ident) bool {
	return id.Obj != nil && f.ast.Scope.Lookup(id.Name) != id.Obj
}
