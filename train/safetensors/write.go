package safetensors

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"

	"github.com/elbo-ml/elbo/tensor"
)

// Write writes the tensors in their order, the header padded with spaces so that the data starts at a multiple of 8.
func Write(w io.Writer, f *File) error {
	head, err := header(f)
	if err != nil {
		return err
	}
	var size [8]byte
	binary.LittleEndian.PutUint64(size[:], uint64(len(head)))
	for _, part := range [][]byte{size[:], head} {
		if _, err := w.Write(part); err != nil {
			return fmt.Errorf("safetensors: write the header: %w", err)
		}
	}
	for _, t := range f.Tensors {
		if _, err := w.Write(t.Tensor.Bytes()); err != nil {
			return fmt.Errorf("safetensors: write %q: %w", t.Name, err)
		}
	}
	return nil
}

// header writes the entries by hand, because a Go map would lose the order of the tensors.
func header(f *File) ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	seen, offset := map[string]bool{metadataKey: true}, int64(0)
	entry := func(name string, v any) error {
		if b.Len() > 1 {
			b.WriteByte(',')
		}
		key, err := json.Marshal(name)
		if err != nil {
			return err
		}
		value, err := json.Marshal(v)
		b.Write(key)
		b.WriteByte(':')
		b.Write(value)
		return err
	}
	if len(f.Metadata) > 0 {
		if err := entry(metadataKey, f.Metadata); err != nil {
			return nil, fmt.Errorf("safetensors: write the metadata: %w", err)
		}
	}
	for _, t := range f.Tensors {
		if seen[t.Name] {
			return nil, fmt.Errorf("safetensors: write: two tensors are called %q", t.Name)
		}
		seen[t.Name] = true
		name, ok := dtypeName(t.Tensor.DType())
		if !ok {
			return nil, fmt.Errorf("safetensors: write %q: the format has no %v", t.Name, t.Tensor.DType())
		}
		next := offset + int64(len(t.Tensor.Bytes()))
		if err := entry(t.Name, info{name, append([]int{}, t.Tensor.Shape()...), [2]int64{offset, next}}); err != nil {
			return nil, fmt.Errorf("safetensors: write %q: %w", t.Name, err)
		}
		offset = next
	}
	b.WriteByte('}')
	for (8+b.Len())%8 != 0 {
		b.WriteByte(' ')
	}
	if b.Len() > MaxHeader {
		return nil, fmt.Errorf("safetensors: write: a header of %d bytes, the format allows %d", b.Len(), MaxHeader)
	}
	return b.Bytes(), nil
}

func dtypeName(d tensor.DType) (string, bool) {
	for name, dtype := range dtypes {
		if dtype == d {
			return name, true
		}
	}
	return "", false
}
