package data

import (
	"context"
	"fmt"
	"strings"
)

// Binarize says how grey images become black and white ones. Log-likelihoods on images binarised in different ways
// differ by tens of nats, so results must tell it.
type Binarize uint8

const (
	// None leaves the numbers in [0,1] as they are.
	None Binarize = iota
	// Dynamic draws every pixel from Bernoulli(x), anew in each epoch (Salakhutdinov and Murray, 2008).
	Dynamic
	// Static draws them once: a pixel is 1 where numpy's RandomState(seed).rand(rows, pixels) < x.
	Static
	// Threshold is 1 where x > 0.5.
	Threshold
)

var binarizeNames = [...]string{None: "none", Dynamic: "dynamic", Static: "static", Threshold: "threshold"}

func (b Binarize) String() string {
	if int(b) < len(binarizeNames) {
		return binarizeNames[b]
	}
	return fmt.Sprintf("binarize(%d)", uint8(b))
}

// ParseBinarize is the inverse of String.
func ParseBinarize(name string) (Binarize, error) {
	for b, n := range binarizeNames {
		if n == name {
			return Binarize(b), nil
		}
	}
	return None, fmt.Errorf("data: binarize: unknown way %q, known are %s", name, strings.Join(binarizeNames[:], ", "))
}

// EpochSource is a source whose rows differ from epoch to epoch. Read gives those of epoch 0.
type EpochSource interface {
	Source
	// ReadEpoch is Read for the given epoch. The rows are a function of source, epoch and index alone.
	ReadEpoch(ctx context.Context, epoch uint64, rows []int, dst []float32) error
}

// NewBinarized gives the rows of src as zeros and ones. For Dynamic the result is an EpochSource: a pixel is a function
// of seed, epoch, row and place. For Static seed must fit 32 bits, as it does in numpy. Closing the result closes src.
func NewBinarized(src Source, how Binarize, seed uint64) (Source, error) {
	switch how {
	case None:
		return src, nil
	case Dynamic:
		return &dynamic{Source: src, seed: seed}, nil
	case Static:
		return newStatic(src, seed)
	case Threshold:
		return threshold{src}, nil
	}
	return nil, fmt.Errorf("data: binarize: unknown way %v", how)
}

type threshold struct{ Source }

func (t threshold) Name() string { return t.Source.Name() + ", binarised at 0.5" }

func (t threshold) Read(ctx context.Context, rows []int, dst []float32) error {
	if err := t.Source.Read(ctx, rows, dst); err != nil {
		return err
	}
	for i, v := range dst {
		dst[i] = bit(v > 0.5)
	}
	return nil
}

type dynamic struct {
	Source
	seed uint64
}

func (d *dynamic) Name() string {
	return fmt.Sprintf("%s, binarised dynamically with seed %d", d.Source.Name(), d.seed)
}

func (d *dynamic) Read(ctx context.Context, rows []int, dst []float32) error {
	return d.ReadEpoch(ctx, 0, rows, dst)
}

func (d *dynamic) ReadEpoch(ctx context.Context, epoch uint64, rows []int, dst []float32) error {
	if err := d.Source.Read(ctx, rows, dst); err != nil {
		return err
	}
	for j, row := range rows {
		size := len(dst) / len(rows)
		bernoulli(key(d.seed, epoch, uint64(row), 0x62696e), dst[j*size:(j+1)*size])
	}
	return nil
}

// bernoulli replaces every number by a draw from Bernoulli of it. Draw i of the key serves two pixels, 2i with its upper
// half and 2i+1 with its lower, 24 bits each.
func bernoulli(k uint64, x []float32) {
	for i := 0; i < len(x); i += 2 {
		pair := x[i:min(i+2, len(x))]
		if pair[0] == 0 && pair[len(pair)-1] == 0 {
			continue // most of a picture is black, and stays so whatever is drawn
		}
		bits := draw(k, uint64(i/2))
		for j, v := range pair {
			pair[j] = bit(uniform(bits<<(32*j)) < v)
		}
	}
}

func bit(b bool) float32 {
	if b {
		return 1
	}
	return 0
}
