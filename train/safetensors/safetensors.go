// Package safetensors reads and writes the safetensors format: named tensors behind a JSON header.
//
//	u64   little-endian length of the header
//	JSON  {"name": {"dtype": "F32", "shape": [2,3], "data_offsets": [0,24]}, ..., "__metadata__": {"key": "value"}}
//	data  the tensors' little-endian elements, one after the other, without gap or overlap
//
// (https://github.com/huggingface/safetensors, "Format".) Nothing in a file is trusted: every length is checked against
// the file's before memory is taken for it.
package safetensors

import (
	"errors"

	"github.com/elbo-ml/elbo/tensor"
)

// ErrFormat is wrapped by every error about content that is not safetensors.
var ErrFormat = errors.New("not a valid safetensors file")

// MaxHeader is the longest header that is read or written, the limit of the format's own implementation.
const MaxHeader = 100_000_000

// maxRank is the largest number of axes a tensor may have.
const maxRank = 64

// metadataKey is the name in the header that is no tensor's.
const metadataKey = "__metadata__"

// Named is a tensor and its name.
type Named struct {
	Name   string
	Tensor *tensor.Tensor
}

// File is what a file holds, in the order of its data.
type File struct {
	Tensors  []Named
	Metadata map[string]string
}

// Tensor is the tensor called name, or nil.
func (f *File) Tensor(name string) *tensor.Tensor {
	for _, t := range f.Tensors {
		if t.Name == name {
			return t.Tensor
		}
	}
	return nil
}

// dtypes are the element types that the format and elbo share.
var dtypes = map[string]tensor.DType{
	"BOOL": tensor.Bool, "U8": tensor.Uint8, "I8": tensor.Int8, "I16": tensor.Int16, "U16": tensor.Uint16,
	"F16": tensor.Float16, "BF16": tensor.BFloat16, "I32": tensor.Int32, "U32": tensor.Uint32, "F32": tensor.Float32,
	"F64": tensor.Float64, "I64": tensor.Int64, "U64": tensor.Uint64,
}

// info is a tensor's entry in the header.
type info struct {
	DType   string   `json:"dtype"`
	Shape   []int    `json:"shape"`
	Offsets [2]int64 `json:"data_offsets"`
}
