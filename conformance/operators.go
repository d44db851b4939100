package conformance

import (
	"fmt"
	"io"
	"reflect"
	"strings"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/runtime/native/kernel"
	"github.com/elbo-ml/elbo/tensor"
)

//go:generate go run ./cmd/operators ../docs/operators.md

// WriteOperators writes docs/operators.md: what the operator table and the native engine's kernels say of each operator.
func WriteOperators(w io.Writer) error {
	var b strings.Builder
	ops := graph.Ops()
	fmt.Fprintf(&b, `# Operators

The %d operators of ONNX that elbo knows, in the form of opset %d; the importer brings older and newer forms to it. Their
shape rules and gradients stand in `+"`graph/op_*.go`, their kernels in `runtime/native/kernel`"+`. This page is made from the two
tables by `+"`make generate`"+`, and a test holds it against them.

*Gradient*: `+"`yes`; `flat`"+` where it is zero wherever there is one (comparisons, rounding, shapes); some have forms without
one, which the error of `+"`train.Gradients`"+` names. *Native types*: those of the input that decides; shapes and indices are int64 or
int32. ONNX Runtime runs what its own kernels cover.

| operator | inputs | outputs | gradient | native types |
|---|---|---|---|---|
`, len(ops), graph.Opset)
	for _, op := range ops {
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s |\n", op.Name, count(op.Inputs), count(op.Outputs), gradient(op), types(op))
	}
	_, err := io.WriteString(w, b.String())
	return err
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
		} else if d.Valid() {
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
