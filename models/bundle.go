package models

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"slices"
	"strings"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/importer"
	"github.com/elbo-ml/elbo/runtime/native"
	"github.com/elbo-ml/elbo/tensor/atomicfile"
)

// Bundle is a model as it is kept: a manifest, and the graph of each part under its name. What the parts are is the
// business of the model's kind; a VAE has an encoder and a decoder at least.
type Bundle struct {
	Manifest Manifest
	Graphs   map[string]*graph.Graph

	composed map[string]*graph.Graph // written beside the parts of a folder
}

// OpenBundle reads a bundle of any kind: a folder, a single .elbo file, or builtin:mnist. Every part is held against its
// checksum. A bundle that is damaged, incomplete or too new gives an error that wraps ErrBundle.
func OpenBundle(path string) (*Bundle, error) {
	b, err := openBundle(path)
	if err != nil {
		return nil, fmt.Errorf("models: open %s: %w", path, err)
	}
	return b, nil
}

func openBundle(path string) (*Bundle, error) {
	src, err := openFiles(path)
	if err != nil {
		return nil, err
	}
	defer src.Close()
	b, err := readBundle(src)
	return b, damaged(err)
}

// damaged marks an error about a bundle's content. One about an operator that elbo does not have says nothing of damage.
func damaged(err error) error {
	if err != nil && !errors.Is(err, graph.ErrUnsupported) {
		return fmt.Errorf("%w: %w", ErrBundle, err)
	}
	return err
}

// readBundle reads a bundle's files.
func readBundle(src files) (*Bundle, error) {
	text, err := src.read(manifestFile, maxManifest)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s is missing", manifestFile)
	}
	if err != nil {
		return nil, err
	}
	m, err := parseManifest(text)
	if err != nil {
		return nil, err
	}
	b := &Bundle{Manifest: m, Graphs: map[string]*graph.Graph{}}
	for _, name := range slices.Sorted(maps.Keys(m.Parts)) {
		if b.Graphs[name], err = readPart(src, m.Parts[name]); err != nil {
			return nil, err
		}
	}
	return b, nil
}

// Save writes the bundle: a single file when path ends in .elbo, else a folder of elbo.json and an ONNX file for each part,
// named after it. It is written whole or not at all: to a temporary name beside path, synced, then renamed.
//
// Without Force, what is there already stays and the error wraps ErrExists. With it, a folder is replaced only when it is
// a bundle and nothing else. The manifest's Parts name the roles of each graph; files and checksums are filled in.
func (b *Bundle) Save(path string, o SaveOptions) error {
	if err := b.save(path, o); err != nil {
		return fmt.Errorf("models: save %s: %w", path, err)
	}
	return nil
}

func (b *Bundle) save(path string, o SaveOptions) error {
	single := strings.HasSuffix(path, ".elbo")
	if err := checkTarget(path, single, o.Force); err != nil {
		return err
	}
	content, err := b.content(o)
	if err != nil {
		return err
	}
	if !single {
		for _, name := range slices.Sorted(maps.Keys(b.composed)) {
			text, err := importer.Marshal(b.composed[name])
			if err != nil {
				return err
			}
			content = append(content, bundleFile{name + ".onnx", text})
		}
		return atomicfile.WriteFolder(path, byName(content))
	}
	write := atomicfile.WriteNew
	if o.Force {
		write = atomicfile.Write
	}
	err = write(path, func(w io.Writer) error { return writeZip(w, content) })
	if errors.Is(err, fs.ErrExist) { // appeared since checkTarget
		return ErrExists
	}
	return err
}

// content is the bundle's files, elbo.json first, then the parts by name.
func (b *Bundle) content(o SaveOptions) ([]bundleFile, error) {
	m := b.Manifest.clone()
	if o.Recipe != nil {
		m.Training = maps.Clone(o.Recipe)
	}
	m.Version, m.Producer = m.version(), "elbo"
	var parts []bundleFile
	for _, name := range slices.Sorted(maps.Keys(m.Parts)) {
		if b.Graphs[name] == nil {
			return nil, fmt.Errorf("the manifest names a part %s that has no graph", name)
		}
		g := b.Graphs[name].Clone() // of the structure: the metadata of the model itself must not change under its users
		g.SetProperty("elbo.likelihood", string(m.Likelihood))
		for _, key := range slices.Sorted(maps.Keys(m.Training)) {
			g.SetProperty("elbo.training."+key, m.Training[key])
		}
		if o.NoiseInside {
			if err := graph.DrawInside(g); err != nil {
				return nil, err
			}
		}
		if o.Simplify {
			var err error
			if g, err = native.Simplify(g); err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
		}
		text, err := importer.MarshalAs(g, importer.SaveOptions{Sparse: o.Sparse, Opset: o.Opset, Float16: o.Float16})
		if err != nil {
			return nil, err
		}
		roles := m.Parts[name]
		roles.File, roles.SHA256 = name+".onnx", checksum(text)
		m.Parts[name] = roles
		parts = append(parts, bundleFile{roles.File, text})
	}
	if err := m.check(); err != nil {
		return nil, err
	}
	text, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return nil, err
	}
	return append([]bundleFile{{manifestFile, append(text, '\n')}}, parts...), nil
}
