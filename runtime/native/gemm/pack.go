package gemm

// A packed panel of A holds, for each p of a block of k, the elements of up to mr rows side by side; one of B those of nr
// columns, filled up with zeros. Blocks of k follow one another; so the panel of rows i in block p starts at p*m + i*kc.

func (w *work[T]) panelsA() int { return ceil(w.m, w.mr) }

func (w *work[T]) panelsB() int { return ceil(w.n, w.nr) }

func (w *work[T]) packA(i int) {
	rows := min(w.mr, w.m-i)
	for p := 0; p < w.k; p += w.kc {
		kc := min(w.kc, w.k-p)
		dst := w.a[p*w.m+i*kc:]
		if w.TransA {
			gather(kc, rows, w.A[(w.p0+p)*w.LDA+w.i0+i:], w.LDA, dst, rows)
		} else {
			transpose(w.level, rows, kc, w.A[(w.i0+i)*w.LDA+w.p0+p:], w.LDA, dst, rows)
		}
	}
}

func (w *work[T]) packB(j int) {
	cols := min(w.nr, w.n-j)
	if w.directB && cols == w.nr {
		return
	}
	wide := w.panelsB() * w.nr
	for p := 0; p < w.k; p += w.kc {
		kc := min(w.kc, w.k-p)
		dst := w.b[p*wide+j*kc : p*wide+(j+w.nr)*kc]
		if cols < w.nr {
			clear(dst)
		}
		if w.TransB {
			transpose(w.level, cols, kc, w.B[(w.j0+j)*w.LDB+w.p0+p:], w.LDB, dst, w.nr)
		} else {
			gather(kc, cols, w.B[(w.p0+p)*w.LDB+w.j0+j:], w.LDB, dst, w.nr)
		}
	}
}

// panelB is the panel of columns j in block p, packed or in place.
func (w *work[T]) panelB(p, kc, j int) (b []T, stride int) {
	if w.directB && j+w.nr <= w.n {
		return w.B[(w.p0+p)*w.LDB+w.j0+j:], w.LDB
	}
	return w.b[p*w.panelsB()*w.nr+j*kc:], w.nr
}

// gather copies rows of n elements to where they stand step apart.
func gather[T Float](rows, n int, src []T, ld int, dst []T, step int) {
	switch n {
	case 12: // the rows of an AVX-512 tile
		for i := range rows {
			*(*[12]T)(dst[i*step:]) = *(*[12]T)(src[i*ld:])
		}
	case 32:
		for i := range rows {
			*(*[32]T)(dst[i*step:]) = *(*[32]T)(src[i*ld:])
		}
	case 16:
		for i := range rows {
			*(*[16]T)(dst[i*step:]) = *(*[16]T)(src[i*ld:])
		}
	default:
		for i := range rows {
			copy(dst[i*step:i*step+n], src[i*ld:i*ld+n])
		}
	}
}
