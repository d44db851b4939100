package main

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// pages are the Markdown files of the project, by their paths from its root.
func pages(t *testing.T) map[string]string {
	t.Helper()
	found := map[string]string{}
	err := filepath.WalkDir("../..", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if name := d.Name(); d.IsDir() && (name == "runs" || name == "testdata" || len(name) > 2 && name[0] == '.') {
			return fs.SkipDir
		}
		if filepath.Ext(path) == ".md" {
			b, err := os.ReadFile(path)
			found[strings.TrimPrefix(filepath.ToSlash(path), "../../")] = string(b)
			return err
		}
		return nil
	})
	if err != nil || found["README.md"] == "" {
		t.Fatalf("%d pages: %v", len(found), err)
	}
	return found
}

var (
	fence   = regexp.MustCompile("(?ms)^```.*?^```$")
	code    = regexp.MustCompile("`[^`]*`")
	link    = regexp.MustCompile(`\]\(([^()\s]+)\)`)
	heading = regexp.MustCompile(`(?m)^#+ +(.*)$`)
	noSlug  = regexp.MustCompile(`[^\p{L}\p{N}_ -]`)
)

// A link of a page leads to a file of the project, and to a heading where it names one. Those to other places are not
// tried.
func TestLinksOfPages(t *testing.T) {
	all := pages(t)
	links := 0
	for page, text := range all {
		for _, m := range link.FindAllStringSubmatch(code.ReplaceAllString(fence.ReplaceAllString(text, ""), ""), -1) {
			if strings.Contains(m[1], "://") {
				continue
			}
			links++
			path, anchor, named := strings.Cut(m[1], "#")
			target := filepath.ToSlash(filepath.Join(filepath.Dir(page), path))
			if path == "" {
				target = page
			}
			if _, err := os.Stat(filepath.Join("../..", target)); err != nil {
				t.Errorf("%s: the link to %s leads nowhere", page, m[1])
			} else if named && !slices.Contains(slugs(all[target]), anchor) {
				t.Errorf("%s: %s has no heading for the link to %s", page, target, m[1])
			}
		}
	}
	if links < 20 {
		t.Errorf("only %d links found", links)
	}
}

// slugs are the names that GitHub gives the headings of a page.
func slugs(text string) []string {
	var all []string
	for _, m := range heading.FindAllStringSubmatch(fence.ReplaceAllString(text, ""), -1) {
		all = append(all, strings.ReplaceAll(noSlug.ReplaceAllString(strings.ToLower(m[1]), ""), " ", "-"))
	}
	return all
}

const module = "github.com/elbo-ml/elbo/"

// given are what the pieces of Go on the pages may use without having made it, packages what they may import.
var (
	given = map[string]string{
		"ctx": "context.Context", "vae": "*models.VAE", "m1": "*models.VAE", "model": "train.Model", "g": "*graph.Graph",
		"images": "*tensor.Tensor", "x": "*tensor.Tensor", "y": "[]int", "z": "*tensor.Tensor", "src": "data.Source",
		"options": "train.Options", "n": "int", "keep": "[]int", "labels": "[]int", "b": "[]byte",
	}
	packages = map[string]string{
		"context": "context", "os": "os", "onnx": "github.com/owulveryck/onnx-go", "tensor": module + "tensor", "graph": module + "graph",
		"onnxgo": module + "importer/onnxgo", "native": module + "runtime/native", "profile": module + "runtime/profile",
		"train": module + "train", "data": module + "train/data", "models": module + "models", "ssl": module + "models/ssl",
	}
)

// The Go on the pages compiles.
func TestGoOfPages(t *testing.T) {
	if _, err := exec.LookPath("go"); err != nil {
		t.Skip("no go command here")
	}
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	overlay := struct{ Replace map[string]string }{map[string]string{}}
	dir, args := t.TempDir(), []string{"build", "-overlay", ""}
	for page, text := range pages(t) {
		for _, block := range fence.FindAllString(text, -1) {
			body, isGo := strings.CutPrefix(block, "```go\n")
			if !isGo {
				continue
			}
			name := fmt.Sprintf("snippet%d", len(overlay.Replace))
			file := filepath.Join(dir, name+".go")
			src, err := program(name, strings.TrimSuffix(body, "```"))
			if err != nil {
				t.Errorf("%s: %v in\n%s", page, err, body)
				continue
			}
			if err := os.WriteFile(file, src, 0o644); err != nil {
				t.Fatal(err)
			}
			overlay.Replace[filepath.Join(root, "docs", name, "snippet.go")] = file
			args = append(args, "./docs/"+name)
		}
	}
	if len(overlay.Replace) < 7 {
		t.Fatalf("only %d pieces of Go found", len(overlay.Replace))
	}
	b, err := json.Marshal(overlay)
	if err != nil {
		t.Fatal(err)
	}
	args[2] = filepath.Join(dir, "overlay.json")
	if err := os.WriteFile(args[2], b, 0o644); err != nil {
		t.Fatal(err)
	}
	build := exec.Command("go", args...)
	build.Dir = root
	if out, err := build.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// program makes a file of some statements: a function that has what they are given as its parameters and uses what they
// define.
func program(pkg, body string) ([]byte, error) {
	head := "package " + pkg + "\n\nfunc _() {\n"
	file, err := parser.ParseFile(token.NewFileSet(), "", head+body+"}\n", 0)
	if err != nil {
		return nil, err
	}
	bases := map[string]bool{} // what stands before a dot
	ast.Inspect(file, func(n ast.Node) bool {
		if s, ok := n.(*ast.SelectorExpr); ok {
			if x, ok := s.X.(*ast.Ident); ok {
				bases[x.Name] = true
			}
		}
		return true
	})
	imports, params := map[string]bool{}, map[string]bool{}
	for _, id := range file.Unresolved {
		switch kind := given[id.Name]; {
		case bases[id.Name] && packages[id.Name] != "":
			imports[id.Name] = true
		case kind != "":
			params[id.Name] = true
			if from, _, ok := strings.Cut(strings.TrimLeft(kind, "*[]"), "."); ok {
				imports[from] = true
			}
		}
	}
	uses := ""
	for _, s := range file.Decls[0].(*ast.FuncDecl).Body.List {
		if a, ok := s.(*ast.AssignStmt); ok && a.Tok == token.DEFINE {
			for _, left := range a.Lhs {
				uses += "_ = " + left.(*ast.Ident).Name + "\n"
			}
		}
	}
	src := "package " + pkg + "\n\n"
	for _, name := range slices.Sorted(maps.Keys(imports)) {
		src += fmt.Sprintf("import %s %q\n", name, packages[name])
	}
	src += "\nfunc _("
	for _, name := range slices.Sorted(maps.Keys(params)) {
		src += name + " " + given[name] + ", "
	}
	return format.Source([]byte(src + ") {\n" + body + uses + "}\n"))
}

var decimal = regexp.MustCompile(`-?\d+\.\d{2,}`)

// A measured number of README is one of docs/numbers.md, or one of those rounded.
func TestNumbersOfREADME(t *testing.T) {
	all := pages(t)
	var known []string
	for _, n := range decimal.FindAllString(all["docs/numbers.md"], -1) {
		v, err := strconv.ParseFloat(n, 64)
		if err != nil {
			t.Fatal(err)
		}
		known = append(known, n, strconv.FormatFloat(v, 'f', 2, 64))
	}
	found := decimal.FindAllString(code.ReplaceAllString(fence.ReplaceAllString(all["README.md"], ""), ""), -1)
	for _, n := range found {
		if !slices.Contains(known, n) {
			t.Errorf("README.md has %s, docs/numbers.md has not", n)
		}
	}
	if len(found) < 5 {
		t.Errorf("only %v found", found)
	}
}

var (
	goTest   = regexp.MustCompile("`[^`]*go test (?:-\\S+ )*(\\./\\S+) [^`]*?-run '?([A-Za-z]+)")
	makeWord = regexp.MustCompile("`make ([a-z0-9-]+)")
)

// A `go test -run` that a page tells to type finds a test, and a `make` a target.
func TestCommandsOfPages(t *testing.T) {
	makefile, err := os.ReadFile("../../Makefile")
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for page, text := range pages(t) {
		text = strings.ReplaceAll(text, "\n", " ")
		for _, m := range makeWord.FindAllStringSubmatch(text, -1) {
			if found++; !regexp.MustCompile(`(?m)^` + m[1] + `:`).Match(makefile) {
				t.Errorf("%s: there is no target for make %s", page, m[1])
			}
		}
		for _, m := range goTest.FindAllStringSubmatch(text, -1) {
			found++
			files, err := filepath.Glob(filepath.Join("../..", m[1], "*_test.go"))
			if err != nil {
				t.Fatal(err)
			}
			if !slices.ContainsFunc(files, func(file string) bool {
				b, err := os.ReadFile(file)
				return err == nil && regexp.MustCompile(`(?m)^func Test\w*`+m[2]).Match(b)
			}) {
				t.Errorf("%s: %s has no test that -run %s finds", page, m[1], m[2])
			}
		}
	}
	if found < 20 {
		t.Errorf("only %d commands found", found)
	}
}
