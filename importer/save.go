package importer

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/importer/internal/onnxpb"
	"github.com/elbo-ml/elbo/tensor/atomicfile"
)

// SaveOptions say how a model is written.
type SaveOptions struct {
	// Force allows to replace a file.
	Force bool
	// External is the size in bytes from which a tensor is written to a file beside the model; 0 keeps all within it.
	External int64
	// Sparse stores a weight of mostly zeros as a sparse initializer (ONNX's SparseTensorProto: its other elements and their
	// places), where that takes fewer bytes. Load gives the same tensors either way.
	Sparse bool
	// Opset is the one to write, MinSaved to MaxOpset; 0 is graph.Opset, or the least above it that has the model's operators
	// and types. What an older opset lacks is spelled out in what it has.
	Opset int
	// Float16 stores the float32 weights in float16; a Cast gives the float32 that the model computes in.
	Float16 bool
}

// Save writes a graph to a file, whole or not at all: to a temporary file, synced, renamed, the folder synced.
//
// External data goes to a file named after the model and the data's checksum, in the model's folder, before the model
// itself: a model that stands always finds its data.
func Save(g *graph.Graph, path string, o SaveOptions) error {
	if err := save(g, path, o); err != nil {
		return fmt.Errorf("importer: save %s: %w", path, err)
	}
	return nil
}

func save(g *graph.Graph, path string, o SaveOptions) error {
	if _, err := os.Lstat(path); err == nil && !o.Force {
		return fmt.Errorf("it is there already, and replacing it was not asked for: %w", fs.ErrExist)
	}
	m, err := modelAs(g, o)
	if err != nil {
		return err
	}
	if o.External > 0 {
		if err := moveOut(m, path, o.External); err != nil {
			return err
		}
	}
	return write(m, path)
}

// write puts a model under path whole, or leaves what is there.
func write(m *onnxpb.Model, path string) error {
	e := m.Encode()
	if err := checkSize(e); err != nil {
		return err
	}
	return atomicfile.Write(path, func(w io.Writer) error {
		_, err := e.WriteTo(w)
		return err
	})
}

// externalAlign is where tensors may begin in a file of external data.
const externalAlign = 64

// moveOut writes the big initializers to a file beside the model.
func moveOut(m *onnxpb.Model, path string, from int64) error {
	var moved []*onnxpb.Tensor
	sum := sha256.New()
	for _, t := range m.Graph.Initializers {
		if int64(len(t.Raw)) >= from {
			moved = append(moved, t)
			sum.Write(t.Raw)
		}
	}
	if len(moved) == 0 {
		return nil
	}
	name := filepath.Base(path) + "." + hex.EncodeToString(sum.Sum(nil)[:6]) + ".data"
	err := atomicfile.Write(filepath.Join(filepath.Dir(path), name), func(w io.Writer) error {
		var pad [externalAlign]byte
		at := 0
		for _, t := range moved {
			if gap := -at & (externalAlign - 1); gap > 0 {
				if _, err := w.Write(pad[:gap]); err != nil {
					return err
				}
				at += gap
			}
			if _, err := w.Write(t.Raw); err != nil {
				return err
			}
			t.External = []*onnxpb.Entry{{Key: "location", Value: name}, {Key: "offset", Value: strconv.Itoa(at)},
				{Key: "length", Value: strconv.Itoa(len(t.Raw))}}
			at += len(t.Raw)
		}
		return nil
	})
	for _, t := range moved {
		t.Raw, t.Location = nil, onnxpb.External
	}
	return err
}
