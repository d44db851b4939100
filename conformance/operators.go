package conformance

import (
	"embed"
	"fmt"
	"io"
	"io/fs"
	"path"
	"reflect"
	"strings"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/importer"
	"github.com/elbo-ml/elbo/runtime/native/kernel"
	"github.com/elbo-ml/elbo/runtime/ort"
	"github.com/elbo-ml/elbo/tensor"
)

//go:generate go run ./cmd/operators ../docs/operators.md

// WriteOperators writes docs/operators.md: what the operator table and the native engine's kernels say of each operator, and
// what the lists of ONNX's tests say does not run.
func WriteOperators(w io.Writer) error {
	var b strings.Builder
	ops := graph.Ops()
	fmt.Fprintf(&b, `# Operators

The %d operators of ONNX that elbo knows, in the form of opset %d; the importer brings older and newer forms to it. Their
shape rules and gradients stand in `+"`graph/op_*.go`, their kernels in `runtime/native/kernel`"+`. This page is made from the two
tables and the lists of ONNX's tests by `+"`make generate`"+`, and a test holds it against them.

*Gradient*: `+"`yes`; `flat`"+` where it is zero wherever there is one (comparisons, rounding, shapes); some have forms without
one, which the error of `+"`train.Gradients`"+` names. *Native types*: those of the input that decides; shapes and indices are int64 or
int32. Strings go through whatever takes all types, and through Equal. ONNX Runtime runs what its own kernels cover.

| operator | inputs | outputs | gradient | native types |
|---|---|---|---|---|
`, len(ops), graph.Opset)
	for _, op := range ops {
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s |\n", op.Name, count(op.Inputs), count(op.Outputs), gradient(op), types(op))
	}
	fmt.Fprintf(&b, `
The importer writes %d further operators out in these, so that they run, train and are exported as such: %s.

## What does not run

The cases of ONNX's own tests that do not pass on the native engine, by the first thing that they need; the lists with every
case stand in `+"`conformance/testdata/onnx`, and `make conformance`"+` runs them.

| what | cases |
|---|---|
`, len(importer.SpelledOut()), strings.Join(importer.SpelledOut(), ", "))
	lacks, err := lacking("testdata/onnx")
	if err != nil {
		return err
	}
	for _, what := range sortedKeys(lacks) {
		fmt.Fprintf(&b, "| %s | %d |\n", what, lacks[what])
	}
	whole, err := lacking("testdata/onnx/ort")
	if err != nil {
		return err
	}
	n := 0
	for _, k := range whole {
		n += k
	}
	fmt.Fprintf(&b, `
On ONNX Runtime %s %d cases do not pass: those that it does not run from their files either, or answers otherwise than ONNX says
(`+"`conformance/testdata/onnx/ort`"+`).
`, ort.Version, n)
	_, err = io.WriteString(w, b.String())
	return err
}

//go:embed testdata/onnx
var lists embed.FS

// lacking counts the cases in a folder's lists by what they lack.
func lacking(dir string) (map[string]int, error) {
	files, err := fs.Glob(lists, dir+"/*.txt")
	if err != nil {
		return nil, err
	}
	count := map[string]int{}
	for _, file := range files {
		if path.Base(file) == "plain.txt" { // what does not run without optimisations alone
			continue
		}
		text, err := lists.ReadFile(file)
		if err != nil {
			return nil, err
		}
		l, err := parseList(file, text)
		if err != nil {
			return nil, err
		}
		for _, why := range l {
			count[summary(why)]++
		}
	}
	return count, nil
}

// summary is the operator that a reason names, with the form of it that does not run, or the reason's first clause.
func summary(why string) string {
	op, form, ok := strings.Cut(why, " (opset ")
	if !ok {
		first, _, _ := strings.Cut(why, "; ")
		return first
	}
	if _, form, ok = strings.Cut(form, ": "); ok && !strings.Contains(form, `"`) {
		op += ": " + strings.TrimSuffix(form, ")")
	}
	return op
}

func count(n [2]int) string {
	switch {
	case n[1] < 0:
		return fmt.Sprintf("%d or more", n[0])
	case n[0] == n[1]:
		return fmt.Sprint(n[0])
	}
	return fmt.Sprintf("%d to %d", n[0], n[1])
}

func gradient(op *graph.Op) string {
	switch {
	case op.Gradient == nil && !op.Noise:
		return "no"
	case op.Noise || reflect.ValueOf(op.Gradient).Pointer() == reflect.ValueOf(graph.NoGradient).Pointer():
		return "flat"
	case op.Undifferentiable != nil:
		return "yes, in most forms"
	}
	return "yes"
}

func types(op *graph.Op) string {
	k := kernel.Lookup(op.Name)
	switch {
	case op.Noise:
		return "none: its output becomes an input"
	case len(op.Bodies) > 0, k == nil && op.Lists:
		return "all"
	case k == nil:
		return "none"
	case k.Dynamic != nil:
		return "of constants only"
	}
	var names []string
	all := true
	for d := range tensor.BFloat16 + 1 {
		if k.Takes(d) {
			names = append(names, d.String())
		} else if d.Valid() && d != tensor.String {
			all = false
		}
	}
	switch {
	case all && k.Takes(tensor.Float8E4M3FN):
		return "all"
	case all:
		return "all of a byte and more"
	}
	return strings.Join(names, ", ")
}
