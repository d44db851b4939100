package reproduce

import (
	"fmt"
	"path/filepath"

	"github.com/elbo-ml/elbo/train/data"
)

// Labelled opens a data set of images with labels by name, as data.WithLabels gives them: rows of pixels and then a one among
// zeros. Nothing stands in for what is not there: drawn digits have no labels.
func (l *Lab) Labelled(name, split string, classes int) (data.Source, error) {
	path := filepath.Join(l.Data, name)
	if l.Data == "" {
		path = name
	}
	src, err := data.Open(path, data.Options{Split: split})
	if err != nil {
		return nil, fmt.Errorf("%w; --data, or the variable ELBO_DATA, names the folder that holds %s/ with its labels", err, name)
	}
	l.mu.Lock()
	l.closers = append(l.closers, src)
	l.mu.Unlock()
	labels, err := data.OpenLabels(path, data.Options{Split: split})
	if err != nil {
		return nil, err
	}
	return data.WithLabels(src, labels, classes)
}
