package gemm

// A packed panel of A holds, for each p of a block of k, the elements of up to mr rows side by side; one of B those of nr
// columns, filled up with zeros. Blocks of k follow one another; so the panel of rows i in block p starts at p*m + i*kc.

// placeA and placeB are where the panels of rows i and of columns j in block p are packed. What a task packs for itself has the
// place of the block before it, and with B of the columns before.
func (w *work[T]) placeA(p, kc, i int) int {
	if w.lateA {
		return i * w.kc // not i*kc: the last block may be less deep, and another task at an earlier one
	}
	return p*w.m + i*kc
}

func (w *work[T]) placeB(p, kc, j int) int {
	if w.lateB {
		return j/w.tn*w.width()*w.kc + j%w.tn%w.width()*kc
	}
	return p*w.panelsB()*w.nr + j*kc
}

func (w *work[T]) panelsA() int { return ceil(w.m, w.mr) }

func (w *work[T]) panelsB() int { return ceil(w.n, w.nr) }

// packA packs rows i0 to i1 of block p, which is kc deep; i0 is a multiple of mr.
func (w *work[T]) packA(p, kc, i0, i1 int) {
	for i := i0; i < i1; i += w.mr {
		rows := min(w.mr, i1-i)
		dst := w.a[w.placeA(p, kc, i):]
		if w.TransA {
			gather(kc, rows, w.A[(w.p0+p)*w.LDA+w.i0+i:], w.LDA, dst, rows)
		} else {
			transpose(w.level, rows, kc, w.A[(w.i0+i)*w.LDA+w.p0+p:], w.LDA, dst, rows)
		}
	}
}

// packB packs columns j0 to j1 of block p, which is kc deep; j0 is a multiple of nr.
func (w *work[T]) packB(p, kc, j0, j1 int) {
	whole := j0 + (j1-j0)/w.nr*w.nr
	panel := func(j int) []T { return w.b[w.placeB(p, kc, j):][:kc*w.nr] }
	switch {
	case w.directB:
	case w.TransB:
		for j := j0; j < whole; j += w.nr {
			transpose(w.level, w.nr, kc, w.B[(w.j0+j)*w.LDB+w.p0+p:], w.LDB, panel(j), w.nr)
		}
	case whole > j0:
		spread(w.level, kc, (whole-j0)/w.nr, w.nr, w.B[(w.p0+p)*w.LDB+w.j0+j0:], w.LDB, w.b[w.placeB(p, kc, j0):])
	}
	if whole == j1 {
		return
	}
	dst := panel(whole)
	clear(dst)
	if w.TransB {
		transpose(w.level, j1-whole, kc, w.B[(w.j0+whole)*w.LDB+w.p0+p:], w.LDB, dst, w.nr)
	} else {
		gather(kc, j1-whole, w.B[(w.p0+p)*w.LDB+w.j0+whole:], w.LDB, dst, w.nr)
	}
}

// panelA is the panel of rows i in block p, packed or in place.
func (w *work[T]) panelA(p, kc, i int) []T {
	if w.directA {
		return w.A[w.p0+p:]
	}
	return w.a[w.placeA(p, kc, i):]
}

// panelB is the panel of columns j in block p, packed or in place.
func (w *work[T]) panelB(p, kc, j int) (b []T, stride int) {
	if w.Packed != nil {
		return w.Packed.panel(w.nr, w.p0+p, kc, w.j0+j), w.nr
	}
	if w.directB && j+w.nr <= w.n {
		return w.B[(w.p0+p)*w.LDB+w.j0+j:], w.LDB
	}
	return w.b[w.placeB(p, kc, j):], w.nr
}

// gather copies rows of n elements to where they stand step apart.
func gather[T Float](rows, n int, src []T, ld int, dst []T, step int) {
	if n == 12 { // the rows of an AVX-512 tile
		for i := range rows {
			*(*[12]T)(dst[i*step:]) = *(*[12]T)(src[i*ld:])
		}
		return
	}
	for i := range rows {
		copy(dst[i*step:i*step+n], src[i*ld:i*ld+n])
	}
}
