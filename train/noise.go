package train

import (
	"github.com/elbo-ml/elbo/runtime"
	"github.com/elbo-ml/elbo/runtime/native/pool"
	"github.com/elbo-ml/elbo/tensor"
)

// noiseKind is the distribution of an input's numbers.
type noiseKind int

const (
	normalNoise  noiseKind = iota // N(0, 1)
	uniformNoise                  // uniform in [0, 1)
)

// noise fills one input of random numbers, row by row.
type noise struct {
	job *noiseRows
}

// noiseRows is the work of a draw, on the heap so that a pool can share it without allocating.
type noiseRows struct {
	runtime.Noise
	kind    noiseKind
	first   uint64
	threads int
	size    int // numbers of a row
	rows    [][]float32
	wide    [][]float64 // the input's rows when it is float64, drawn through rows
}

func newNoise(t *tensor.Tensor, kind noiseKind, n runtime.Noise, threads int) noise {
	batch := t.Shape()[0]
	job := &noiseRows{Noise: n, kind: kind, threads: threads, rows: make([][]float32, batch)}
	size := t.Len() / max(batch, 1)
	job.size = size
	narrow := t
	if t.DType() == tensor.Float64 {
		narrow = tensor.New(tensor.Float32, t.Shape()...)
		all := tensor.Data[float64](t)
		for i := range batch {
			job.wide = append(job.wide, all[i*size:(i+1)*size])
		}
	}
	all := tensor.Data[float32](narrow)
	for i := range job.rows {
		job.rows[i] = all[i*size : (i+1)*size]
	}
	return noise{job}
}

// batch is the number of rows of a draw.
func (n *noise) batch() int { return len(n.job.rows) }

// draw fills row i with the noise of datapoint first+i.
func (n *noise) draw(first uint64) {
	n.job.first = first
	pool.Shared().Run(n.job, len(n.job.rows), n.grain(), n.job.threads)
}

// grain is how many rows a core takes at a time: what takes some 10 µs, at 2 ns for a normal number and half of that for a
// uniform one.
func (n *noise) grain() int {
	per := 1 << 13
	if n.job.kind == normalNoise {
		per /= 2
	}
	return max(1, per/max(n.job.size, 1))
}

// Do draws rows [lo, hi).
func (n *noiseRows) Do(lo, hi int) {
	for i := lo; i < hi; i++ {
		if n.kind == normalNoise {
			n.Normal(n.first+uint64(i), n.rows[i])
		} else {
			n.Uniform(n.first+uint64(i), n.rows[i])
		}
		if n.wide != nil {
			for j, v := range n.rows[i] {
				n.wide[i][j] = float64(v)
			}
		}
	}
}
