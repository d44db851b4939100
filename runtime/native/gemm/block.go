package gemm

import (
	"runtime"
	"sync/atomic"
	"unsafe"

	"github.com/elbo-ml/elbo/runtime/native/pool"
	"github.com/elbo-ml/elbo/runtime/native/subnormal"
)

// The blocking follows Goto and van de Geijn, "Anatomy of High-Performance Matrix Multiplication" (2008): a panel of B,
// kc by nr, stays in the L1 cache while the micro-kernel walks down a block of A, mc by kc, that stays in L2. What
// several tasks of a superblock read is packed first, by all threads together, so that no thread packs what another has packed.
const (
	kcMax = 256 // the same for every instruction set: it decides the order of the sum

	superM = 1032 // a multiple of every mr
	superN = 2048 // a multiple of every nr
	superK = 4    // blocks of k

	taskM = 132 // rows of A in a task: 132 * 256 floats are 132 KiB, of an L2 of 256 KiB or more
	taskN = 512

	// parallelWork is the number of multiplications below which waking another goroutine costs more than it saves.
	parallelWork = 1 << 17
)

// work is one call in progress: the product, the superblock at hand and its packed panels. It is a pool.Job.
type work[T Float] struct {
	Product[T]
	level  level
	mr, nr int
	kc     int

	i0, j0, p0 int // where the superblock starts
	m, n, k    int // how large it is
	directA    bool
	directB    bool
	tm, tn     int // size of a task
	columns    int // tasks side by side

	// A panel that only one task reads is packed by that task, while it is in the cache of its core, to a place that the task
	// uses again for the next; the others beforehand.
	lateA, lateB   bool
	unitsA, unitsB int          // of packing beforehand, unit panels each
	packed         atomic.Int64 // units done

	a, b []T // packed: for each block of k, panel after panel
}

// unit is how many neighbouring panels are packed together: rows are read in long runs.
const unit = 4

func (w *work[T]) run(p *pool.Pool, threads int, l level, x Product[T]) {
	w.Product, w.level = x, l
	w.mr, w.nr = tile[T](l)
	if threads <= 0 || threads > p.Threads() {
		threads = p.Threads()
	}
	if x.M*x.N < parallelWork && x.M*x.N*max(x.K, 1) < parallelWork {
		threads = 1
	}
	w.kc = depth(x.K)
	// Reading B in place saves packing what is used once or twice, and a single row lies as a panel does.
	w.directB = !x.TransB && x.M <= 2*w.mr && x.Packed == nil
	w.directA = !x.TransA && x.M == 1

	for w.j0 = 0; w.j0 < x.N; w.j0 += superN {
		w.n = min(superN, x.N-w.j0)
		for w.p0 = 0; w.p0 == 0 || w.p0 < x.K; w.p0 += superK * w.kc {
			w.k = min(superK*w.kc, x.K-w.p0)
			for w.i0 = 0; w.i0 < x.M; w.i0 += superM {
				w.m = min(superM, x.M-w.i0)
				w.superblock(p, threads)
			}
		}
	}
	w.Product = Product[T]{} // keep no memory of the caller's alive
}

// depth is the depth of a block of k. Blocks are of equal size: a short last one would cost a pass over C for little work.
func depth(k int) int {
	if k == 0 {
		return 1
	}
	return ceil(k, ceil(k, kcMax))
}

// superblock packs the panels it needs and multiplies them. B's panels serve all superblocks of rows, so they are
// packed with the first.
func (w *work[T]) superblock(p *pool.Pool, threads int) {
	w.cut(threads)
	rows := ceil(w.m, w.tm)
	w.lateA, w.lateB = w.columns == 1, rows == 1 && w.M <= superM
	switch {
	case w.directA:
		w.lateA = true
	case w.lateA:
		w.a = grow(w.a, w.kc*w.m)
	default:
		w.a = grow(w.a, w.k*w.m)
	}
	switch {
	case w.Packed != nil:
		w.lateB = true
	case w.lateB:
		w.b = grow(w.b, w.columns*w.width()*w.kc)
	default:
		w.b = grow(w.b, w.k*w.panelsB()*w.nr)
	}
	w.unitsA, w.unitsB = 0, 0
	if w.k > 0 && !w.lateA {
		w.unitsA = ceil(w.panelsA(), unit)
	}
	if w.k > 0 && !w.lateB && w.i0 == 0 {
		w.unitsB = ceil(w.panelsB(), unit)
	}
	w.packed.Store(0)
	p.Run(w, w.unitsA+w.unitsB+rows*w.columns, 1, threads)
}

// width is how many columns of B a task packs at a time when it packs for itself.
func (w *work[T]) width() int { return min(unit*w.nr, w.tn) }

// cut chooses the size of a task: as the caches want it, or smaller when that would leave threads idle. A product that is
// small on one side is cut along the other only, so that each task packs what it alone reads.
func (w *work[T]) cut(threads int) {
	a, b := w.panelsA(), w.panelsB()
	tm, tn := min(taskM/w.mr, a), min(taskN/w.nr, b) // in panels
	few := func() bool { return ceil(a, tm)*ceil(b, tn) < 3*threads }
	switch {
	case threads == 1:
	case tm == a && b >= 4*threads: // first, since all rows of a task meet the panels of B that it packs
		tn = min(tn, ceil(b, 4*threads))
	case tn == b && a >= 4*threads:
		tm = min(tm, ceil(a, 8*threads))
	default:
		for tn > 2 && few() {
			tn = ceil(tn, 2)
		}
		for tm > 1 && few() {
			tm = ceil(tm, 2)
		}
	}
	w.tm, w.tn = tm*w.mr, tn*w.nr
	w.columns = ceil(w.n, w.tn)
}

// Do packs units of panels, which come first, or computes tasks: items lo to hi of the superblock.
func (w *work[T]) Do(lo, hi int) {
	for i := lo; i < hi; i++ {
		units := w.unitsA + w.unitsB
		switch {
		case i < w.unitsA:
			w.blocksA(i*unit*w.mr, unit*w.mr)
			w.packed.Add(1)
		case i < units:
			w.blocksB((i-w.unitsA)*unit*w.nr, unit*w.nr)
			w.packed.Add(1)
		default:
			// Whoever got here came after all units had been taken, each by a goroutine that is at work on it now.
			for w.packed.Load() < int64(units) {
				runtime.Gosched()
			}
			i -= units
			w.task(i/w.columns*w.tm, i%w.columns*w.tn)
			i += units
		}
	}
}

// blocksA packs rows i0 and up to count more in all blocks of k.
func (w *work[T]) blocksA(i0, count int) {
	for p := 0; p < w.k; p += w.kc {
		w.packA(p, min(w.kc, w.k-p), i0, min(i0+count, w.m))
	}
}

func (w *work[T]) blocksB(j0, count int) {
	for p := 0; p < w.k; p += w.kc {
		w.packB(p, min(w.kc, w.k-p), j0, min(j0+count, w.n))
	}
}

// task computes the part of C whose upper left corner is (i0, j0) in the superblock.
func (w *work[T]) task(i0, j0 int) {
	i1, j1 := min(i0+w.tm, w.m), min(j0+w.tn, w.n)
	add := true
	if w.p0 == 0 {
		add = w.begin(i0, i1, j0, j1)
	}
	w.products(i0, i1, j0, j1, add)
	if w.Epilogue != nil && w.p0+w.k >= w.K {
		w.Epilogue.Tile(w.i0+i0, w.j0+j0, i1-i0, j1-j0)
	}
}

// products writes the sums over the superblock's k into rows i0 to i1 and columns j0 to j1 of C, or adds them.
func (w *work[T]) products(i0, i1, j0, j1 int, add bool) {
	defer subnormal.Restore(subnormal.Flush())
	for p := 0; p < w.k; p += w.kc {
		kc := min(w.kc, w.k-p)
		if w.lateA && !w.directA {
			w.packA(p, kc, i0, i1)
		}
		for j := j0; j < j1; j += w.nr {
			if w.lateB && w.Packed == nil && (j-j0)%(unit*w.nr) == 0 {
				w.packB(p, kc, j, min(j+unit*w.nr, j1))
			}
			b, bStride := w.panelB(p, kc, j)
			cols := min(w.nr, w.n-j)
			for i := i0; i < i1; i += w.mr {
				rows := min(w.mr, i1-i)
				a := w.panelA(p, kc, i)
				c := w.C[(w.i0+i)*w.LDC+w.j0+j:]
				if cols == w.nr || masks(w.level) {
					kernel(w.level, rows, cols, kc, a, b, bStride, c, w.LDC, w.Alpha, add)
				} else {
					w.edge(rows, cols, kc, a, b, bStride, c, add)
				}
			}
		}
		add = true
	}
}

// edge computes a tile that sticks out of C on the right, by way of one that does not.
func (w *work[T]) edge(rows, cols, kc int, a, b []T, bStride int, c []T, add bool) {
	var buf [maxTile]T
	if add {
		for i := range rows {
			copy(buf[i*w.nr:], c[i*w.LDC:i*w.LDC+cols])
		}
	}
	kernel(w.level, rows, w.nr, kc, a, b, bStride, buf[:], w.nr, w.Alpha, add)
	for i := range rows {
		copy(c[i*w.LDC:i*w.LDC+cols], buf[i*w.nr:])
	}
}

// maxTile holds the largest tile of a level that does not mask, 6 by 16.
const maxTile = 6 * 16

// begin writes beta*C + bias into a part of the superblock's C and reports whether there was anything to write: if not,
// the first products overwrite C.
func (w *work[T]) begin(i0, i1, j0, j1 int) bool {
	if w.Beta == 0 && w.RowBias == nil && w.ColBias == nil && w.K > 0 {
		return false
	}
	j0, j1 = w.j0+j0, w.j0+j1
	for i := w.i0 + i0; i < w.i0+i1; i++ {
		row := w.C[i*w.LDC+j0 : i*w.LDC+j1]
		switch w.Beta {
		case 0:
			clear(row)
		case 1:
		default:
			for j := range row {
				row[j] *= w.Beta
			}
		}
		switch {
		case w.RowBias != nil && w.Beta == 0:
			copy(row, w.RowBias[j0:j1])
		case w.RowBias != nil:
			for j, v := range w.RowBias[j0:j1] {
				row[j] += v
			}
		}
		if w.ColBias != nil {
			v := w.ColBias[i]
			for j := range row {
				row[j] += v
			}
		}
	}
	return true
}

// grow makes room for n elements, aligned so that vectors do not straddle cache lines.
func grow[T Float](buf []T, n int) []T {
	if cap(buf) >= n {
		return buf[:n]
	}
	var zero T
	per := 64 / int(unsafe.Sizeof(zero))
	fresh := make([]T, n+per)
	off := int(-uintptr(unsafe.Pointer(unsafe.SliceData(fresh)))&63) / int(unsafe.Sizeof(zero))
	return fresh[off : off+n : off+n]
}

func ceil(a, b int) int { return (a + b - 1) / b }
