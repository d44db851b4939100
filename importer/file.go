package importer

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/importer/internal/onnxpb"
)

// File is a model as its file holds it: with all that no graph has a place for, such as operators that elbo does not know,
// functions, subgraphs, training information, quantization annotations and fields of newer versions of ONNX. What is read
// is written again, field by field.
type File struct {
	model *onnxpb.Model
	dir   string
	o     Options
}

// Open reads a file as it stands. The options' limits hold; nothing else of it is checked before Graph.
func Open(path string, o Options) (*File, error) {
	if o.Dir == "" {
		o.Dir = filepath.Dir(path)
	}
	o.Limits = o.Limits.WithDefaults()
	b, err := readFile(path, o.Limits.Bytes)
	if err != nil {
		return nil, fmt.Errorf("importer: open %s: %w", path, err)
	}
	m, err := onnxpb.Unmarshal(b, o.Limits)
	if err != nil {
		return nil, fmt.Errorf("importer: open %s: %w", path, err)
	}
	return &File{model: m, dir: o.Dir, o: o}, nil
}

// Graph is the model as a graph: what Load gives.
func (f *File) Graph() (*graph.Graph, error) {
	g, err := graphOf(f.model, f.o)
	if err != nil {
		return nil, fmt.Errorf("importer: graph: %w", err)
	}
	return g, nil
}

// Update gives the file's initializers the elements of g's weights of the same names, so that a model that was trained
// goes back into all that surrounded it, and returns how many. Initializers that g does not have stay as they are. A parameter
// that the exporter wrote as an Identity of another one, and that is a weight of its own in g, becomes an initializer again. A
// weight of another type or shape than the initializer is an error, and so is one that the file has no place for, unless it
// still is what importing the file gives; then nothing is changed.
func (f *File) Update(g *graph.Graph) (int, error) {
	if f.model.Graph == nil {
		return 0, fmt.Errorf("importer: update: there is no graph in the file: %w", ErrMalformed)
	}
	file := *f.model.Graph
	file.Initializers, file.Nodes = slices.Clone(file.Initializers), slices.Clone(file.Nodes)
	at := map[string]int{}
	for i, p := range file.Initializers {
		at[p.Name] = i
	}
	var own *graph.Graph // what importing the file gives
	updated := 0
	for _, w := range g.Weights {
		t := protoOf(w.Name, w.Data)
		if i, ok := at[w.Name]; ok {
			p := file.Initializers[i]
			if p.DataType != t.DataType || !slices.Equal(p.Dims, t.Dims) {
				return 0, fmt.Errorf("importer: update: weight %q is %v and the file's has type %d and shape %v", p.Name, w, p.DataType, p.Dims)
			}
			t.Doc, t.Unknown = p.Doc, p.Unknown
			file.Initializers[i] = t
			updated++
			continue
		}
		if i := slices.IndexFunc(file.Nodes, func(n *onnxpb.Node) bool { return gives(n, w.Name) }); i >= 0 && file.Nodes[i].Op == "Identity" {
			file.Nodes = slices.Delete(file.Nodes, i, i+1)
			file.Initializers = append(file.Initializers, t)
			if f.model.IRVersion < 4 { // which wants every initializer among the inputs
				file.Inputs = append(slices.Clone(file.Inputs), valueInfo(w, w.Name, w.Shape))
			}
			updated++
			continue
		}
		if own == nil {
			partial := f.o
			partial.Partial = true
			var err error
			if own, err = graphOf(f.model, partial); err != nil {
				return 0, fmt.Errorf("importer: update: %w", err)
			}
		}
		if v := own.Value(w.Name); v == nil || v.Data == nil || v.DType != w.DType || !bytes.Equal(v.Data.Bytes(), w.Data.Bytes()) {
			return 0, fmt.Errorf("importer: update: the file has no weight %q", w.Name)
		}
	}
	f.model.Graph = &file
	return updated, nil
}

func gives(n *onnxpb.Node, name string) bool { return len(n.Outputs) == 1 && n.Outputs[0] == name }

// Save writes the file, whole or not at all; of the options Force and External count. Initializers that stood in other
// files come along: into this one, or with External into one file beside it.
func (f *File) Save(path string, o SaveOptions) error {
	if err := f.save(path, o); err != nil {
		return fmt.Errorf("importer: save %s: %w", path, err)
	}
	return nil
}

func (f *File) save(path string, o SaveOptions) error {
	if _, err := os.Lstat(path); err == nil && !o.Force {
		return fmt.Errorf("it is there already, and replacing it was not asked for: %w", fs.ErrExist)
	}
	m := *f.model
	if m.Graph != nil {
		g := *m.Graph
		m.Graph = &g
		var err error
		if g.Initializers, err = f.together(g.Initializers); err != nil {
			return err
		}
		if o.External > 0 {
			if err := moveOut(&m, path, o.External); err != nil {
				return err
			}
		}
	}
	return write(&m, path)
}

// together are copies of the tensors with the bytes of those that stand in other files.
func (f *File) together(list []*onnxpb.Tensor) ([]*onnxpb.Tensor, error) {
	b := &builder{limits: f.o.Limits, dir: f.dir, files: map[string][]byte{}}
	out := make([]*onnxpb.Tensor, len(list))
	for i, p := range list {
		t := *p
		if out[i] = &t; p.Location != onnxpb.External {
			continue
		}
		held, err := b.tensorOf(p)
		if err != nil {
			return nil, fmt.Errorf("initializer %q: %w", p.Name, err)
		}
		out[i] = protoOf(p.Name, held)
		out[i].Doc, out[i].Unknown = p.Doc, p.Unknown
	}
	return out, nil
}

// Marshal is the file's bytes, its tensors in other files left there.
func (f *File) Marshal() ([]byte, error) {
	e := f.model.Encode()
	if err := checkSize(e); err != nil {
		return nil, fmt.Errorf("importer: marshal: %w", err)
	}
	return e.Bytes(), nil
}
