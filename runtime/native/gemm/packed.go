package gemm

// Packed is a matrix B brought once into the order in which products read it, for one that many products share: a layer's
// weights. It is read-only, and may serve any number of products at once.
type Packed[T Float] struct {
	n, k int
	data []T // as work.b, for the whole of B
}

// Pack packs op(B), k by n; see Product for the other arguments. It copies B, filling up its columns to whole panels.
func Pack[T Float](transB bool, n, k int, b []T, ldb int) *Packed[T] {
	return pack(best, transB, n, k, b, ldb)
}

func pack[T Float](l level, transB bool, n, k int, b []T, ldb int) *Packed[T] {
	w := work[T]{Product: Product[T]{TransB: transB, N: n, K: k, B: b, LDB: ldb}, level: l, kc: depth(k), n: n, k: k}
	w.mr, w.nr = tile[T](l)
	w.b = grow(w.b, k*w.panelsB()*w.nr)
	w.blocksB(0, n)
	return &Packed[T]{n, k, w.b}
}

// panel is the panel of column j, a multiple of nr, in the block of k that starts at p and is kc deep.
func (b *Packed[T]) panel(nr, p, kc, j int) []T {
	return b.data[p*ceil(b.n, nr)*nr+j*kc:]
}
