//go:build !amd64 || noasm

package conv

import "github.com/elbo-ml/elbo/runtime/native/gemm"

type level int

const levelGo level = 0

const best = levelGo

func tile[T gemm.Float](level) (rows, cols int) { return goRows, goCols }

func windows[T gemm.Float](_ level, rows int, a []T, rowAt, runAt []int, n int, b, start, c []T, cAt []int) {
	windowsGo(rows, a, rowAt, runAt, n, b, start, c, cAt)
}

func sums[T gemm.Float](_ level, rows int, a []T, aStep int, b []T, runAt []int, n, bStep int, c []T, add bool) {
	sumsGo(rows, a, aStep, b, runAt, n, bStep, c, add)
}

func shifted[T gemm.Float](_ level, y, x []T, off []int, w []T, start T) {
	shiftedGo(y, x, off, w, start)
}

func dots[T gemm.Float](_ level, a, x []T, off []int, acc []T) { dotsGo(a, x, off, acc) }
