package models

import (
	"archive/zip"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/elbo-ml/elbo/graph"
)

// Save writes the model as a bundle: a single file when path ends in .elbo, else a folder of elbo.json, encoder.onnx and
// decoder.onnx. It is written whole or not at all: to a temporary name beside path, synced, then renamed.
//
// Without Force, what is there already stays and the error wraps ErrExists. With it, a folder is replaced only when it is
// a bundle and nothing else.
//
// Names of inputs and outputs, dynamic dimensions and weights that training did not touch are those of the files that the
// model came from. The recipe stands in the manifest and in each graph's metadata_props ("elbo.training.epochs").
func (v *VAE) Save(path string, o SaveOptions) error {
	b := v.bundle()
	if o.Composed && len(b.Graphs) > 2 {
		var err error
		if b.composed, err = v.Composed(); err != nil {
			return err
		}
	}
	return b.Save(path, o)
}

// bundle is the model as it is kept.
func (v *VAE) bundle() *Bundle {
	b := &Bundle{Manifest: v.Manifest(), Graphs: map[string]*graph.Graph{}}
	for name, p := range v.parts {
		b.Graphs[name] = p.graph
	}
	return b
}

// CanSave reports, before the work is done, why Save would refuse the path as it is now.
func CanSave(path string, o SaveOptions) error {
	if err := checkTarget(path, strings.HasSuffix(path, ".elbo"), o.Force); err != nil {
		return fmt.Errorf("models: save %s: %w", path, err)
	}
	return nil
}

func byName(content []bundleFile) map[string][]byte {
	files := make(map[string][]byte, len(content))
	for _, f := range content {
		files[f.name] = f.bytes
	}
	return files
}

// checkTarget refuses to overwrite what the caller did not ask to, or what is no bundle.
func checkTarget(path string, single, force bool) error {
	if path == "" {
		return fmt.Errorf("no name is given")
	}
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		if parent := filepath.Dir(filepath.Clean(path)); !isFolder(parent) {
			return fmt.Errorf("there is no folder %s to write it in: %w", parent, fs.ErrNotExist)
		}
		return nil
	}
	if err != nil {
		return err
	}
	switch {
	case !force:
		return fmt.Errorf("%w: choose another name, or replace it with Force (--force)", ErrExists)
	case single && !info.Mode().IsRegular():
		return fmt.Errorf("it is no regular file, and will not be replaced: %w", ErrExists)
	case !single && !info.IsDir():
		return fmt.Errorf("it is no folder, and will not be replaced by one (a name that ends in .elbo makes a single file): %w", ErrExists)
	case !single:
		return checkFolder(path)
	}
	return nil
}

func isFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// checkFolder refuses to replace a folder that holds anything but a bundle.
func checkFolder(path string) error {
	entries, err := os.ReadDir(path)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if !e.Type().IsRegular() || e.Name() != manifestFile && filepath.Ext(e.Name()) != ".onnx" {
			return fmt.Errorf("the folder holds %s, which is no part of a bundle, and will not be replaced: %w", e.Name(), ErrExists)
		}
	}
	if len(entries) > 0 && !isBundle(path) {
		return fmt.Errorf("the folder holds ONNX files but no %s, and will not be replaced: %w", manifestFile, ErrExists)
	}
	return nil
}

// bundleFile is one file of a bundle to write.
type bundleFile struct {
	name  string
	bytes []byte
}

// writeZip writes an .elbo file. Entries are stored and carry no time, so that parts are slices of the file and the same
// model gives the same bytes.
func writeZip(w io.Writer, content []bundleFile) error {
	z := zip.NewWriter(w)
	for _, f := range content {
		size := uint64(len(f.bytes))
		e, err := z.CreateRaw(&zip.FileHeader{Name: f.name, Method: zip.Store, CRC32: crc32.ChecksumIEEE(f.bytes),
			CompressedSize64: size, UncompressedSize64: size})
		if err != nil {
			return err
		}
		if _, err := e.Write(f.bytes); err != nil {
			return err
		}
	}
	return z.Close()
}
