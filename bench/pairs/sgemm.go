package pairs

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/elbo-ml/elbo/bench/report"
	"github.com/elbo-ml/elbo/bench/side"
)

// shape is C [m,n] = A [m,k] B [k,n].
type shape struct{ m, n, k int }

// shapes are a large square, the products of the VAE's step (forward, the gradient of a weight, the gradient of a layer's
// input), and a square whose sizes are no powers of two.
var shapes = []shape{{1024, 1024, 1024}, {100, 500, 784}, {784, 500, 100}, {100, 784, 500}, {1000, 1000, 1000}}

func (s shape) gflop() float64 { return 2e-9 * float64(s.m) * float64(s.n) * float64(s.k) }

// sgemm races single-precision products. It is the first pair: others need the machine's best rate.
func sgemm(b *Bench) error {
	b.peak = map[int]rate{}
	var races []report.Race
	for _, s := range shapes {
		dir, err := b.folder(fmt.Sprintf("sgemm%d-%d-%d", s.m, s.n, s.k))
		if err != nil {
			return err
		}
		if err := writeNormal(filepath.Join(dir, "a"), s.m*s.k); err != nil {
			return err
		}
		if err := writeNormal(filepath.Join(dir, "b"), s.k*s.n); err != nil {
			return err
		}
		task := []string{strconv.Itoa(s.m), strconv.Itoa(s.n), strconv.Itoa(s.k), dir}
		var sides []side.Side
		for _, threads := range []int{1, 2} {
			sides = append(sides, elbo("elbo", threads, append([]string{"sgemm"}, task...)...))
		}
		sides = append(sides, b.Peers.Sgemm(s.m, s.n, s.k, dir)...)
		for _, threads := range []int{1, 2} {
			sides = append(sides, elbo("gonum", threads, append([]string{"gonum"}, task...)...))
		}
		r, err := b.race(fmt.Sprintf("C [%d, %d] = A [%d, %d] B [%d, %d]", s.m, s.n, s.m, s.k, s.k, s.n), s.gflop(), "GFLOP", sides, 1e-5)
		if err != nil {
			return err
		}
		races = append(races, r)
		b.sgemmRows(s, r)
		b.learn(s, r)
	}
	b.section("Sgemm", `OpenBLAS runs as it chooses itself and with its AVX2 kernels, and the faster of the two is the peer.`, nil, races...)
	return nil
}

// sgemmRows compares rates at the same number of threads.
func (b *Bench) sgemmRows(s shape, r report.Race) {
	for _, threads := range []int{1, 2} {
		best := map[string]side.Result{}
		var names []string
		for _, x := range r.Results {
			if x.Threads != threads || x.Skipped != nil {
				continue
			}
			if y, known := best[x.Name]; !known || x.Median < y.Median {
				if !known {
					names = append(names, x.Name)
				}
				best[x.Name] = x
			}
		}
		for _, name := range names {
			row := report.Row{Name: fmt.Sprintf("sgemm %dx%dx%d", s.m, s.n, s.k), Unit: "GFLOP/s", Ours: s.gflop() / best["elbo"].Median,
				Peer: s.gflop() / best[name].Median, PeerName: name, Group: name, Target: report.Nothing, AtLeast: true, Threads: threads}
			if strings.HasPrefix(name, "OpenBLAS") {
				row.Group, row.Target = "OpenBLAS", 0.95
			}
			if name != "elbo" {
				b.Report.Rows = append(b.Report.Rows, row)
			}
		}
	}
}

// learn keeps the best rates that anybody reached.
func (b *Bench) learn(s shape, r report.Race) {
	for _, x := range r.Results {
		if x.Skipped != nil {
			continue
		}
		if g := s.gflop() / x.Median; g > b.peak[x.Threads].gflops {
			b.peak[x.Threads] = rate{g, fmt.Sprintf("%s, %dx%dx%d", x.Name, s.m, s.n, s.k)}
		}
	}
}

// writeNormal writes count standard normal numbers.
func writeNormal(path string, count int) error {
	r, x := rand.New(rand.NewPCG(5, 6)), make([]float32, count)
	for i := range x {
		x[i] = float32(r.NormFloat64())
	}
	return side.WriteArray(path, x)
}
