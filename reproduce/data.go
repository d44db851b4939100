package reproduce

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/elbo-ml/elbo/train/data"
)

// Source opens a data set of the folder Data by name: "mnist" has the splits data.Train and data.Test. Where it is not
// there, digits drawn from the Go fonts stand in for it, and the report's notes say so: its numbers are then not the paper's. The lab closes what it
// opened.
func (l *Lab) Source(name, split string) (data.Source, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	path, ok := l.sources[name]
	if !ok {
		path = filepath.Join(l.Data, name)
		if _, err := os.Stat(path); l.Data == "" || errors.Is(err, fs.ErrNotExist) {
			path = "glyphs:"
			l.note("There is no %s where the data is looked for (`--data`, or the variable ELBO_DATA): digits drawn from the Go fonts stand in for it, so that the numbers are not comparable to the paper's.", name)
		}
		l.sources[name] = path
	}
	src, err := data.Open(path, data.Options{Split: split})
	if err != nil {
		return nil, err
	}
	l.closers = append(l.closers, src)
	return src, nil
}

// Labels are the labels of a data set that Source has opened.
func (l *Lab) Labels(name, split string) ([]int, error) {
	return data.OpenLabels(l.sources[name], data.Options{Split: split})
}

// Real reports whether the named data set is there itself, rather than something that stands in for it. It is known once
// Source has been asked for it.
func (l *Lab) Real(name string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.sources[name] != "glyphs:"
}

// Split cuts a data set in two: all but the last rows, and the last. The thesis validates on the last 10,000 training
// images of MNIST.
func Split(src data.Source, last int) (train, valid data.Source) {
	n := max(src.Len()-last, 0)
	return data.Slice(src, 0, n), data.Slice(src, n, src.Len())
}
