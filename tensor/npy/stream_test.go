package npy

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/elbo-ml/elbo/tensor"
)

func TestWriteRowsIsWrite(t *testing.T) {
	whole := tensor.New(tensor.Float32, 5, 3)
	for i := range tensor.Data[float32](whole) {
		tensor.Data[float32](whole)[i] = float32(i)
	}
	dir := t.TempDir()
	a, b := filepath.Join(dir, "a.npy"), filepath.Join(dir, "b.npy")
	if err := Write(a, whole); err != nil {
		t.Fatal(err)
	}
	err := WriteRows(b, tensor.Float32, whole.Shape(), func(add func(*tensor.Tensor) error) error {
		return errors.Join(add(whole.Rows(0, 2)), add(whole.Rows(2, 2)), add(whole.Rows(2, 5)))
	})
	if err != nil {
		t.Fatal(err)
	}
	want, _ := os.ReadFile(a)
	if got, err := os.ReadFile(b); err != nil || !bytes.Equal(got, want) {
		t.Errorf("the files differ (%v)", err)
	}
}

func TestWriteRowsRefusesWhatDoesNotFit(t *testing.T) {
	boom := errors.New("boom")
	for _, c := range []struct {
		name string
		rows []*tensor.Tensor
		err  error
		want error
	}{
		{"too few rows", []*tensor.Tensor{tensor.New(tensor.Float32, 1, 3)}, nil, tensor.ErrShape},
		{"too many rows", []*tensor.Tensor{tensor.New(tensor.Float32, 3, 3)}, nil, tensor.ErrShape},
		{"rows of another width", []*tensor.Tensor{tensor.New(tensor.Float32, 3, 2)}, nil, tensor.ErrShape},
		{"rows of another type", []*tensor.Tensor{tensor.New(tensor.Float64, 2, 3)}, nil, tensor.ErrShape},
		{"the filler fails", nil, boom, boom},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "x.npy")
			err := WriteRows(path, tensor.Float32, tensor.Shape{2, 3}, func(add func(*tensor.Tensor) error) error {
				for _, r := range c.rows {
					if err := add(r); err != nil {
						return err
					}
				}
				return c.err
			})
			if !errors.Is(err, c.want) {
				t.Errorf("%v, want %v", err, c.want)
			}
			if _, err := os.Stat(path); err == nil {
				t.Error("a file was left behind")
			}
		})
	}
}
