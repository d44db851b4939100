package safetensors

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"unicode/utf8"

	"github.com/elbo-ml/elbo/tensor"
)

// ReadFile reads a whole file into memory of its own.
func ReadFile(path string) (*File, error) {
	in, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("safetensors: %w", err)
	}
	defer in.Close()
	stat, err := in.Stat()
	if err != nil {
		return nil, fmt.Errorf("safetensors: %w", err)
	}
	f, err := Read(in, stat.Size())
	if err != nil {
		return nil, fmt.Errorf("%w (%s)", err, path)
	}
	return f, nil
}

// Read reads a file of the given size. The tensors have memory of their own, aligned for vector loads.
func Read(r io.ReaderAt, size int64) (*File, error) {
	var prefix [8]byte
	if size < int64(len(prefix)) {
		return nil, fmt.Errorf("safetensors: read: %d bytes, too short for a header: %w", size, ErrFormat)
	}
	if _, err := r.ReadAt(prefix[:], 0); err != nil {
		return nil, fmt.Errorf("safetensors: read: %w", err)
	}
	n := binary.LittleEndian.Uint64(prefix[:])
	if n > MaxHeader || int64(n) > size-8 {
		return nil, fmt.Errorf("safetensors: read: a header of %d bytes in a file of %d (limit %d): %w", n, size, MaxHeader, ErrFormat)
	}
	head := make([]byte, n)
	if _, err := r.ReadAt(head, 8); err != nil && n > 0 {
		return nil, fmt.Errorf("safetensors: read the header: %w", err)
	}
	f, entries, err := parse(head, size-8-int64(n))
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		t := tensor.New(dtypes[e.DType], e.Shape...)
		if len(t.Bytes()) > 0 {
			if _, err := r.ReadAt(t.Bytes(), 8+int64(n)+e.Offsets[0]); err != nil {
				return nil, fmt.Errorf("safetensors: read %q: %w", e.name, err)
			}
		}
		f.Tensors = append(f.Tensors, Named{e.name, t})
	}
	return f, nil
}

type entry struct {
	name string
	info
}

// parse reads the header of a file with so many bytes of data, and orders the entries by where their data lies.
func parse(head []byte, data int64) (*File, []entry, error) {
	if len(head) == 0 || head[0] != '{' || !utf8.Valid(head) {
		return nil, nil, fmt.Errorf("safetensors: read: the header is not a JSON object in UTF-8: %w", ErrFormat)
	}
	f, entries, err := decode(head)
	if err != nil {
		return nil, nil, err
	}
	slices.SortStableFunc(entries, func(a, b entry) int {
		return cmp.Or(cmp.Compare(a.Offsets[0], b.Offsets[0]), cmp.Compare(a.Offsets[1], b.Offsets[1]))
	})
	at := int64(0)
	for _, e := range entries {
		if err := e.check(); err != nil {
			return nil, nil, err
		}
		if e.Offsets[0] != at {
			return nil, nil, fmt.Errorf("safetensors: read %q: its data starts at %d, want %d, with neither gap nor overlap: %w", e.name, e.Offsets[0], at, ErrFormat)
		}
		at = e.Offsets[1]
	}
	if at != data {
		return nil, nil, fmt.Errorf("safetensors: read: %d bytes of data, the header tells of %d: %w", data, at, ErrFormat)
	}
	return f, entries, nil
}

// decode walks the header's entries one by one, because a Go map would hide names that occur twice.
func decode(head []byte) (*File, []entry, error) {
	bad := func(err error) (*File, []entry, error) {
		return nil, nil, fmt.Errorf("safetensors: read the header: %v: %w", err, ErrFormat)
	}
	f, seen := &File{}, map[string]bool{}
	var entries []entry
	dec := json.NewDecoder(bytes.NewReader(head))
	dec.DisallowUnknownFields()
	if _, err := dec.Token(); err != nil {
		return bad(err)
	}
	for dec.More() {
		key, err := dec.Token()
		if err != nil {
			return bad(err)
		}
		name, ok := key.(string)
		if !ok || seen[name] {
			return bad(fmt.Errorf("%q is no name or stands there twice", fmt.Sprint(key)))
		}
		seen[name] = true
		if name == metadataKey {
			if err := dec.Decode(&f.Metadata); err != nil {
				return bad(err)
			}
			continue
		}
		e := entry{name: name, info: info{Offsets: [2]int64{-1, -1}}}
		if err := dec.Decode(&e.info); err != nil {
			return bad(fmt.Errorf("%q: %w", name, err))
		}
		entries = append(entries, e)
	}
	if _, err := dec.Token(); err != nil {
		return bad(err)
	}
	if len(bytes.Trim(head[dec.InputOffset():], " ")) > 0 {
		return bad(fmt.Errorf("more text after the object"))
	}
	return f, entries, nil
}

// check holds an entry's type, shape and offsets against each other.
func (e *entry) check() error {
	bad := func(format string, args ...any) error {
		return fmt.Errorf("safetensors: read %q: %s: %w", e.name, fmt.Sprintf(format, args...), ErrFormat)
	}
	dtype, ok := dtypes[e.DType]
	if !ok {
		return bad("elements of type %q are not supported", e.DType)
	}
	if e.Shape == nil || len(e.Shape) > maxRank {
		return bad("a shape of %d dimensions, want one of at most %d", len(e.Shape), maxRank)
	}
	n, err := tensor.Shape(e.Shape).CheckedSize()
	if err != nil {
		return bad("%v", err)
	}
	lo, hi := e.Offsets[0], e.Offsets[1]
	if lo < 0 || hi < lo || (hi-lo)%int64(dtype.Size()) != 0 || (hi-lo)/int64(dtype.Size()) != int64(n) {
		return bad("data from %d to %d for %s%v", lo, hi, e.DType, tensor.Shape(e.Shape))
	}
	return nil
}
