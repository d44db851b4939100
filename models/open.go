package models

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/importer"
)

// builtin holds the models that are part of the program; builtin/README.md says how they are made.
//
//go:embed builtin
var builtin embed.FS

// Open opens a bundle: a folder, a single .elbo file, or builtin:mnist. Every part is held against its checksum, and the
// graphs against the manifest and one another, before anything is returned.
//
// A bundle that is damaged, incomplete or too new gives an error that wraps ErrBundle.
func Open(path string, opts ...Option) (*VAE, error) {
	v, err := open(path, gather(opts))
	if err != nil {
		return nil, fmt.Errorf("models: open %s: %w", path, err)
	}
	return v, nil
}

func open(path string, s settings) (*VAE, error) {
	src, err := openFiles(path)
	if err != nil {
		return nil, err
	}
	defer src.Close()
	v, err := read(src, s)
	return v, damaged(err)
}

// read reads a bundle's files and makes the model.
func read(src files, s settings) (*VAE, error) {
	b, err := readBundle(src)
	if err != nil {
		return nil, err
	}
	return b.vae(s)
}

// vae makes the model of a bundle.
func (b *Bundle) vae(s settings) (*VAE, error) {
	m := b.Manifest
	if m.Kind != KindVAE {
		return nil, fmt.Errorf("%s: the model is of kind %q, and what is asked for takes a %s; elbo inspect tells what it is, elbo classify what class a row has", manifestFile, m.Kind, KindVAE)
	}
	if s.name != "" {
		m.Name = s.name
	}
	return assemble(m, b.Graphs, s)
}

func openFiles(path string) (files, error) {
	if name, ok := strings.CutPrefix(path, "builtin:"); ok {
		return openBuiltin(name)
	}
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("there is no such file or folder: give a bundle's folder, an .elbo file or builtin:mnist (%w)", fs.ErrNotExist)
	}
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		if strings.HasSuffix(path, ".onnx") {
			return nil, fmt.Errorf("%w: it is a single ONNX graph; import an encoder and a decoder (FromONNX, or elbo import)", ErrBundle)
		}
		if !info.Mode().IsRegular() { // opening a pipe would wait for its writer
			return nil, fmt.Errorf("%w: it is neither a file nor a folder", ErrBundle)
		}
		src, err := openArchive(path)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrBundle, err)
		}
		return src, nil
	}
	if !isBundle(path) {
		return nil, fmt.Errorf("%w: the folder holds no %s; import an encoder and a decoder (FromONNX, or elbo import)", ErrBundle, manifestFile)
	}
	return openFolder(path)
}

func openBuiltin(name string) (files, error) {
	b, err := builtin.ReadFile("builtin/" + name + ".elbo")
	if err != nil {
		return nil, fmt.Errorf("%w: this program has no built-in model of that name; it has %s", ErrBundle, strings.Join(Builtin(), ", "))
	}
	return newArchive(bytes.NewReader(b), int64(len(b)), func() error { return nil })
}

// Builtin are the names of the models that are part of the program: "builtin:mnist".
func Builtin() []string {
	names := []string{}
	entries, _ := builtin.ReadDir("builtin") // an embedded folder cannot fail to be read
	for _, e := range entries {
		if name, ok := strings.CutSuffix(e.Name(), ".elbo"); ok {
			names = append(names, "builtin:"+name)
		}
	}
	return names
}

func readPart(src files, p Part) (*graph.Graph, error) {
	b, err := src.read(p.File, maxPart)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s, which %s names, is missing", p.File, manifestFile)
	}
	if err != nil {
		return nil, err
	}
	if sum := checksum(b); sum != p.SHA256 {
		return nil, fmt.Errorf("%s has the checksum %.12s..., %s says %.12s...: one of the two was changed or damaged, get the bundle anew", p.File, sum, manifestFile, p.SHA256)
	}
	g, err := importer.Unmarshal(b, importer.Options{})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", p.File, err)
	}
	return g, nil
}

func checksum(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}
