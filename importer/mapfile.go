package importer

import (
	"fmt"
	"io"
	"os"

	"github.com/elbo-ml/elbo/importer/internal/onnxpb"
)

// mapFrom is the file size from which a file is mapped. Smaller ones are read, so that the garbage collector frees them.
const mapFrom = 4 << 20

// readFile is the content of a regular file, mapped when it is big.
func readFile(path string, most int64) ([]byte, error) {
	// A named pipe would block in open, so look before.
	if info, err := os.Stat(path); err != nil {
		return nil, err
	} else if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("it is not a regular file")
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return content(f, most)
}

func content(f *os.File, most int64) ([]byte, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if err := onnxpb.Over("bytes", info.Size(), most); err != nil {
		return nil, err
	}
	if info.Size() >= mapFrom {
		if b, err := mapPrivate(f, info.Size()); err == nil {
			return b, nil
		}
	}
	b := make([]byte, info.Size())
	if _, err := io.ReadFull(f, b); err != nil {
		return nil, err
	}
	return b, nil
}
