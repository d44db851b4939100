package importer

import (
	_ "embed"
	"fmt"
	"strconv"
	"strings"
	"sync"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/tensor"
)

// operatorsText is what ONNX itself says each version of each operator takes; schemas/generate.py wrote it.
//
//go:embed schemas/operators.txt
var operatorsText string

// schema is one version of an operator.
type schema struct {
	since           int
	inputs, outputs parameters
	attrs           map[string]string // by name, the default, "" where there is none
}

// parameters are an operator's inputs or outputs.
type parameters struct {
	least, most int
	types       []uint64 // masks with a bit for each element type, the last one for all further parameters
}

// schemas are the versions of each operator that opsets from MinSaved on speak, oldest first.
var schemas = sync.OnceValue(func() map[string][]*schema {
	all := map[string][]*schema{}
	for line := range strings.Lines(operatorsText) {
		f := strings.Fields(line)
		s := &schema{inputs: parametersOf(f[2]), outputs: parametersOf(f[3]), attrs: map[string]string{}}
		s.since, _ = strconv.Atoi(f[1]) // the file is our own
		for _, a := range strings.Split(f[4], ",") {
			name, def, _ := strings.Cut(a, "=")
			s.attrs[name] = def
		}
		all[f[0]] = append(all[f[0]], s)
	}
	return all
})

// parametersOf reads "least-most:mask,mask,...".
func parametersOf(text string) (p parameters) {
	counts, masks, _ := strings.Cut(text, ":")
	least, most, _ := strings.Cut(counts, "-")
	p.least, _ = strconv.Atoi(least)
	if p.most, _ = strconv.Atoi(most); most == "*" {
		p.most = 1 << 30
	}
	for _, m := range strings.Split(masks, ",") {
		mask, _ := strconv.ParseUint(m, 16, 64)
		p.types = append(p.types, mask)
	}
	return p
}

// schemaAt is the version of an operator that an opset speaks, or nil.
func schemaAt(op string, opset int) *schema {
	var at *schema
	for _, s := range schemas()[op] {
		if s.since <= opset {
			at = s
		}
	}
	return at
}

// misfit says why a node is none of an opset's, or "" where it is.
func misfit(n *graph.Node, opset int) string {
	if n.Domain != "" {
		return ""
	}
	s := schemaAt(n.Op, opset)
	if s == nil {
		return "there is no such operator"
	}
	for name, value := range n.Attrs {
		if def, ok := s.attrs[name]; !ok {
			return fmt.Sprintf("there is no attribute %q", name)
		} else if why := newValue(n.Op, name, value, def, opset); why != "" {
			return why
		}
	}
	if n.Op == "GridSample" && n.Inputs[0].Rank() > 4 && opset < 20 {
		return "it samples pictures alone"
	}
	if why := s.inputs.misfit("inputs", n.Own()); why != "" {
		return why
	}
	return s.outputs.misfit("outputs", n.Outputs)
}

// newValue says that an attribute has a value that came later than the attribute.
func newValue(op, name string, value any, def string, opset int) string {
	v, _ := value.(string)
	switch {
	case opset < 18 && strings.HasPrefix(op, "Scatter") && name == "reduction" && (v == "max" || v == "min"),
		opset < 19 && op == "Pad" && v == "wrap":
		return fmt.Sprintf("there is no %s %q", name, v)
	}
	return ""
}

func (p parameters) misfit(what string, values []*graph.Value) string {
	if len(values) < p.least || len(values) > p.most {
		return fmt.Sprintf("%d %s", len(values), what)
	}
	return p.wrongType(what, values)
}

// wrongType says which value has an element type that the operator does not have there, or "" where none has.
func (p parameters) wrongType(what string, values []*graph.Value) string {
	for i, v := range values {
		if v == nil || len(p.types) == 0 || !v.DType.Valid() {
			continue
		}
		mask := p.types[min(i, len(p.types)-1)]
		if mask != 0 && mask>>v.DType&1 == 0 {
			return fmt.Sprintf("%s %d is of %v", strings.TrimSuffix(what, "s"), i, v.DType)
		}
	}
	return ""
}

// irVersions are the least IR versions for each opset from MinSaved on: that of the release of ONNX it came with.
var irVersions = [...]int64{13: 7, 7, 8, 8, 8, 8, 9, 9, 10, 10, 11, 12, 13, 13, 13}

// sinceType is the first opset from MinSaved on with an element type, or MaxOpset.
func sinceType(t tensor.DType) int {
	for opset := MinSaved; opset < MaxOpset; opset++ {
		if schemaAt("Identity", opset).inputs.types[0]>>t&1 == 1 {
			return opset
		}
	}
	return MaxOpset
}
