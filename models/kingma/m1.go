// Package kingma reads the trained M1 that D. P. Kingma published with the code of Kingma et al., "Semi-supervised learning
// with deep generative models" (2014).
package kingma

import (
	"archive/tar"
	"archive/zip"
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/elbo-ml/elbo/models"
	"github.com/elbo-ml/elbo/tensor"
	"github.com/elbo-ml/elbo/tensor/npy"
)

// The files: the encoder's weights (v, for variational) and the decoder's (w).
const (
	encoderFile = "mnist_z_x_50-500-500_longrun.v_best.ndict.tar.gz"
	decoderFile = "mnist_z_x_50-500-500_longrun.w_best.ndict.tar.gz"
)

// maxMember bounds a file of the archives; theirs hold 2.8 MB.
const maxMember = 64 << 20

// M1 builds the author's M1, 784-500-500-50 with softplus, from the archives in dir.
func M1(dir string, opts ...models.Option) (*models.VAE, error) {
	v, err := models.New(models.Config{Name: "kingma-m1", Shape: []int{28, 28}, Latent: 50, Hidden: []int{500, 500},
		Activation: "softplus"}, opts...)
	if err != nil {
		return nil, err
	}
	o, err := v.Objective()
	if err != nil {
		return nil, err
	}
	weights := map[string]*tensor.Tensor{}
	for _, p := range o.Params {
		weights[p.Name] = p.Data
	}
	for _, part := range []struct {
		name, archive string
		layers        map[string]string
	}{
		{"encoder", encoderFile, map[string]string{"w0": "fc1.weight", "b0": "fc1.bias", "w1": "fc2.weight", "b1": "fc2.bias",
			"mean_w": "mean.weight", "mean_b": "mean.bias", "logvar_w": "logvar.weight", "logvar_b": "logvar.bias"}},
		{"decoder", decoderFile, map[string]string{"w0": "fc1.weight", "b0": "fc1.bias", "w1": "fc2.weight", "b1": "fc2.bias",
			"out_w": "logits.weight", "out_b": "logits.bias"}},
	} {
		path := filepath.Join(dir, part.archive)
		arrays, err := readNdict(path)
		if err != nil {
			return nil, fmt.Errorf("kingma: %s: %w", path, err)
		}
		for theirs, ours := range part.layers {
			if err := assign(weights[part.name+"/"+ours], arrays[theirs]); err != nil {
				return nil, fmt.Errorf("kingma: %s: %s: %w", path, theirs, err)
			}
		}
	}
	v.Updated()
	return v, nil
}

// assign copies an array (theirs have biases as columns) into a weight of as many elements.
func assign(to, from *tensor.Tensor) error {
	if to == nil || from == nil {
		return errors.New("there is no such array or weight")
	}
	if from.DType() != tensor.Float32 || from.Len() != to.Len() || len(to.Shape()) == 2 && !to.Shape().Equal(from.Shape()) {
		return fmt.Errorf("it is %v, the layer takes %v", from, to)
	}
	copy(to.Bytes(), from.Bytes())
	return nil
}

// readNdict reads an archive of names.txt and arrays.npz, whose arr_i stands under line i of the names.
func readNdict(path string) (map[string]*tensor.Tensor, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return nil, err
	}
	members := map[string][]byte{}
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		b, err := io.ReadAll(io.LimitReader(r, maxMember))
		if err != nil {
			return nil, err
		}
		members[filepath.Base(h.Name)] = b
	}
	return readArrays(members["names.txt"], members["arrays.npz"])
}

func readArrays(names, npz []byte) (map[string]*tensor.Tensor, error) {
	r, err := zip.NewReader(bytes.NewReader(npz), int64(len(npz)))
	if err != nil {
		return nil, fmt.Errorf("arrays.npz: %w", err)
	}
	arrays := map[string]*tensor.Tensor{}
	lines := bufio.NewScanner(bytes.NewReader(names))
	for i := 0; lines.Scan(); i++ {
		f, err := r.Open(fmt.Sprintf("arr_%d.npy", i))
		if err != nil {
			return nil, fmt.Errorf("arrays.npz: %w", err)
		}
		t, err := npy.Decode(f)
		f.Close()
		if err != nil {
			return nil, fmt.Errorf("arrays.npz: array %d: %w", i, err)
		}
		arrays[strings.TrimSpace(lines.Text())] = t
	}
	return arrays, lines.Err()
}
