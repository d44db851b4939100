// Package conformance holds elbo against others: exported models and their recorded results, one engine against the
// other, gradients against PyTorch's.
package conformance

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/importer"
	"github.com/elbo-ml/elbo/tensor"
	"github.com/elbo-ml/elbo/tensor/npy"
)

// Fixture is a folder that holds an exported model, its inputs and what came out of it elsewhere.
type Fixture struct {
	// Name is the folder's name.
	Name string
	// Dir is the folder.
	Dir  string
	Meta Meta
}

// Meta is what elbo reads of a fixture's meta.json.
type Meta struct {
	Variant     string           `json:"variant"`
	Inputs      []string         `json:"inputs"`
	Outputs     []string         `json:"outputs"`
	NoiseNodes  []string         `json:"noise_nodes"`
	RandomNodes [][]string       `json:"random_nodes"` // operator and output of each node that draws random numbers
	Params      map[string]Param `json:"params"`
}

// Param tells where a parameter of the torch module stands in the file.
type Param struct {
	Initializer string `json:"initializer"`
	Status      string `json:"status"` // exact, alias_by_dedup, transposed, reshaped, folded_or_absent, renamed
}

// OpenFixture reads a fixture's meta.json.
func OpenFixture(dir string) (*Fixture, error) {
	text, err := os.ReadFile(filepath.Join(dir, "meta.json"))
	if err != nil {
		return nil, fmt.Errorf("conformance: open fixture: %w", err)
	}
	f := &Fixture{Name: filepath.Base(dir), Dir: dir}
	if err := json.Unmarshal(text, &f.Meta); err != nil {
		return nil, fmt.Errorf("conformance: open fixture %s: meta.json: %w", f.Name, err)
	}
	return f, nil
}

// Fixtures are the folders beneath root that hold a model.onnx and a meta.json, by name.
func Fixtures(root string) ([]*Fixture, error) {
	metas, err := filepath.Glob(filepath.Join(root, "*", "meta.json"))
	if err != nil {
		return nil, fmt.Errorf("conformance: %w", err)
	}
	var list []*Fixture
	for _, meta := range metas {
		dir := filepath.Dir(meta)
		if _, err := os.Stat(filepath.Join(dir, "model.onnx")); err != nil {
			continue
		}
		f, err := OpenFixture(dir)
		if err != nil {
			return nil, err
		}
		list = append(list, f)
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("conformance: no folder in %s holds a model.onnx and a meta.json", root)
	}
	return list, nil
}

// Model loads the fixture's model with its noise lifted: the inputs are the model's and then the noise.
func (f *Fixture) Model() (*graph.Graph, error) {
	g, err := importer.Load(filepath.Join(f.Dir, "model.onnx"), importer.Options{})
	if err != nil {
		return nil, err
	}
	graph.LiftNoise(g)
	return g, nil
}

// Untold are the operators that draw random numbers of which the fixture does not hold the values.
func (f *Fixture) Untold() []string {
	var ops []string
	for _, n := range f.Meta.RandomNodes {
		if len(n) == 2 && !slices.Contains(f.Meta.NoiseNodes, n[1]) {
			ops = append(ops, n[0])
		}
	}
	return ops
}

// sets are the file name prefixes of the fixture's data sets. The second has other dynamic dimensions than the export
// was traced with, which a static model does not take.
func (f *Fixture) sets() []string {
	if second, _ := filepath.Glob(filepath.Join(f.Dir, "set1_output_*.npy")); len(second) == 0 || f.Meta.Variant == "static" {
		return []string{""}
	}
	return []string{"", "set1_"}
}

// feeds are the tensors for the inputs of g in a data set, in g's order.
func (f *Fixture) feeds(g *graph.Graph, set string) ([]*tensor.Tensor, error) {
	var in []*tensor.Tensor
	for at, v := range g.Inputs {
		var file string
		if i := slices.Index(f.Meta.NoiseNodes, v.Name); i >= 0 {
			file = fmt.Sprintf("%snoise_%d.npy", set, i)
		} else if i := position(f.Meta.Inputs, at, v); i >= 0 {
			file = fmt.Sprintf("%sinput_%d_%s.npy", set, i, f.Meta.Inputs[i])
		} else {
			return nil, fmt.Errorf("the fixture has nothing for input %q", v.Name)
		}
		t, err := f.read(file)
		if err != nil {
			return nil, err
		}
		in = append(in, t)
	}
	return in, nil
}

// results are what came out elsewhere, in the order of g's outputs.
func (f *Fixture) results(g *graph.Graph, set string) ([]*tensor.Tensor, error) {
	var out []*tensor.Tensor
	for at, v := range g.Outputs {
		i := position(f.Meta.Outputs, at, v)
		if i < 0 {
			return nil, fmt.Errorf("the fixture has nothing for output %q", v.Name)
		}
		t, err := f.read(fmt.Sprintf("%soutput_%d_%s.npy", set, i, f.Meta.Outputs[i]))
		if err != nil {
			return nil, err
		}
		out = append(out, t)
	}
	return out, nil
}

// position is where the list has the value, by name or (exporters rename the outputs of functions) by order; or -1.
func position(list []string, at int, v *graph.Value) int {
	if i := slices.Index(list, v.Name); i >= 0 || at >= len(list) {
		return i
	}
	return at
}

func (f *Fixture) read(file string) (*tensor.Tensor, error) {
	return npy.Read(filepath.Join(f.Dir, file))
}
