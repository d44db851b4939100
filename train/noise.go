package train

import (
	"github.com/elbo-ml/elbo/runtime"
	"github.com/elbo-ml/elbo/runtime/native/pool"
	"github.com/elbo-ml/elbo/tensor"
)

// noise fills one input of standard normal numbers, row by row.
type noise struct {
	job *noiseRows
}

// noiseRows is the work of a draw, on the heap so that a pool can share it without allocating.
type noiseRows struct {
	runtime.Noise
	first   uint64
	threads int
	rows    [][]float32
	wide    [][]float64 // the input's rows when it is float64, drawn through rows
}

func newNoise(t *tensor.Tensor, n runtime.Noise, threads int) noise {
	batch := t.Shape()[0]
	job := &noiseRows{Noise: n, threads: threads, rows: make([][]float32, batch)}
	size := t.Len() / max(batch, 1)
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

// draw fills row i with the noise of datapoint first+i.
func (n *noise) draw(first uint64) {
	n.job.first = first
	pool.Shared().Run(n.job, len(n.job.rows), 16, n.job.threads)
}

// Do draws rows [lo, hi).
func (n *noiseRows) Do(lo, hi int) {
	for i := lo; i < hi; i++ {
		n.Normal(n.first+uint64(i), n.rows[i])
		if n.wide != nil {
			for j, v := range n.rows[i] {
				n.wide[i][j] = float64(v)
			}
		}
	}
}
