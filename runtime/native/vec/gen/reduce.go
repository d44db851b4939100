package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// Reductions take 16 elements at a time into 16 float64 sums, whatever the width of a vector.

// doubles is how many float64 a vector holds.
func doubles() int { return lanes() / 2 }

// widened reads count float32 from element i of base on as vectors of float64.
func widened(base reg.Register, index reg.Register, count int) []reg.VecVirtual {
	out := make([]reg.VecVirtual, count/doubles())
	for i := range out {
		out[i] = vector()
		VCVTPS2PD(Mem{Base: base, Index: index, Scale: 4, Disp: 4 * doubles() * i}, out[i])
	}
	return out
}

func loadDoubles(base reg.Register, count int) []reg.VecVirtual {
	out := make([]reg.VecVirtual, count/doubles())
	for i := range out {
		out[i] = vector()
		VMOVUPD(Mem{Base: base, Disp: 8 * doubles() * i}, out[i])
	}
	return out
}

func storeDoubles(v []reg.VecVirtual, base reg.Register) {
	for i := range v {
		VMOVUPD(v[i], Mem{Base: base, Disp: 8 * doubles() * i})
	}
}

// sixteens writes a loop over n elements, a positive multiple of 16.
func sixteens(n reg.Register, body func(index reg.Register)) {
	index := GP64()
	XORQ(index, index)
	Label("loop")
	body(index)
	ADDQ(U8(16), index)
	CMPQ(index, n)
	JNE(LabelRef("loop"))
}

func reductions() {
	sums("sum", func(v, _ reg.VecVirtual) reg.VecVirtual { return v })
	sums("squares", func(v, _ reg.VecVirtual) reg.VecVirtual {
		VMULPD(v, v, v)
		return v
	})
	sums("deviations", func(v, m reg.VecVirtual) reg.VecVirtual {
		VSUBPD(m, v, v)
		VMULPD(v, v, v)
		return v
	})
	exponentials("expSum", true)
	exponentials("sumExp", false)
	extreme("largest", vmax)
	extreme("smallest", vmin)
	affine()
	columns(32)
	columns(8)
}

func sums(name string, term func(v, m reg.VecVirtual) reg.VecVirtual) {
	TEXT(name+suffix(), NOSPLIT, "func(n int, x *float32, m float64, acc *[16]float64)")
	Pragma("noescape")
	Doc(name + suffix() + " folds n elements, a positive multiple of 16, into 16 accumulators.")
	n, x, acc := Load(Param("n"), GP64()), Load(Param("x"), GP64()), Load(Param("acc"), GP64())
	m := broadcastDouble("m")
	total := loadDoubles(acc, 16)
	sixteens(n, func(index reg.Register) {
		for i, v := range widened(x, index, 16) {
			VADDPD(term(v, m), total[i], total[i])
		}
	})
	storeDoubles(total, acc)
	VZEROUPPER()
	RET()
}

func broadcastDouble(param string) reg.VecVirtual {
	p, err := Param(param).Resolve()
	if err != nil {
		panic(err)
	}
	v := vector()
	VBROADCASTSD(p.Addr, v)
	return v
}

func exponentials(name string, store bool) {
	signature := "func(n int, x *float32, top float32, acc *[16]float64)"
	if store {
		signature = "func(n int, y, x *float32, top float32, acc *[16]float64)"
	}
	TEXT(name+suffix(), NOSPLIT, signature)
	Pragma("noescape")
	Doc(name + suffix() + " folds n elements, a positive multiple of 16, into 16 accumulators.")
	n, x, acc := Load(Param("n"), GP64()), Load(Param("x"), GP64()), Load(Param("acc"), GP64())
	var y reg.Register
	if store {
		y = Load(Param("y"), GP64())
	}
	top := broadcast("top")
	total := loadDoubles(acc, 16)
	sixteens(n, func(index reg.Register) {
		for i := range 16 / lanes() {
			v := vector()
			VMOVUPS(Mem{Base: x, Index: index, Scale: 4, Disp: 4 * lanes() * i}, v)
			e := exp32(sub(v, top))
			if store {
				VMOVUPS(e, Mem{Base: y, Index: index, Scale: 4, Disp: 4 * lanes() * i})
			}
			low, high := vector(), vector()
			if wide {
				half := YMM()
				VCVTPS2PD(e.AsY(), low)
				VEXTRACTF64X4(U8(1), e, half)
				VCVTPS2PD(half, high)
			} else {
				half := XMM()
				VCVTPS2PD(e.AsX(), low)
				VEXTRACTF128(U8(1), e, half)
				VCVTPS2PD(half, high)
			}
			VADDPD(low, total[2*i], total[2*i])
			VADDPD(high, total[2*i+1], total[2*i+1])
		}
	})
	storeDoubles(total, acc)
	VZEROUPPER()
	RET()
}

// extreme writes the largest or smallest element of each of 16 lanes; an accumulator that meets a NaN becomes NaN.
func extreme(name string, op instruction) {
	TEXT(name+suffix(), NOSPLIT, "func(n int, x *float32, acc *[16]float32)")
	Pragma("noescape")
	Doc(name + suffix() + " folds n elements, a positive multiple of 16, into 16 accumulators.")
	n, x, acc := Load(Param("n"), GP64()), Load(Param("x"), GP64()), Load(Param("acc"), GP64())
	best, nan := make([]reg.VecVirtual, 16/lanes()), make([]reg.VecVirtual, 16/lanes())
	for i := range best {
		best[i], nan[i] = vector(), vector()
		VMOVUPS(Mem{Base: acc, Disp: 4 * lanes() * i}, best[i])
		VMOVAPS(best[i], nan[i])
	}
	// The instruction forgets a NaN when a number follows, so that NaNs are kept beside.
	sixteens(n, func(index reg.Register) {
		for i := range best {
			v := vector()
			VMOVUPS(Mem{Base: x, Index: index, Scale: 4, Disp: 4 * lanes() * i}, v)
			op.does(v, best[i], best[i])
			keep := compare(0x03, v, v)
			kept := choose(keep, v, nan[i])
			VMOVAPS(kept, nan[i])
		}
	})
	for i := range best {
		out := choose(compare(0x03, nan[i], nan[i]), nan[i], best[i])
		VMOVUPS(out, Mem{Base: acc, Disp: 4 * lanes() * i})
	}
	VZEROUPPER()
	RET()
}

func affine() {
	TEXT("affine"+suffix(), NOSPLIT, "func(n int, y, x *float32, m, a, b float64)")
	Pragma("noescape")
	Doc("affine" + suffix() + " is Affine of n elements, a positive multiple of 16.")
	n, y, x := Load(Param("n"), GP64()), Load(Param("y"), GP64()), Load(Param("x"), GP64())
	m, a, b := broadcastDouble("m"), broadcastDouble("a"), broadcastDouble("b")
	sixteens(n, func(index reg.Register) {
		for i, v := range widened(x, index, 16) {
			VSUBPD(m, v, v)
			VMULPD(a, v, v)
			VADDPD(b, v, v)
			at := Mem{Base: y, Index: index, Scale: 4, Disp: 4 * doubles() * i}
			if wide {
				out := YMM()
				VCVTPD2PS(v, out)
				VMOVUPS(out, at)
			} else {
				out := XMM()
				VCVTPD2PSY(v, out)
				VMOVUPS(out, at)
			}
		}
	})
	VZEROUPPER()
	RET()
}

// columns writes the sums of a fixed number of neighbouring columns, which stay in registers over all rows.
func columns(count int) {
	name := fmt.Sprintf("columns%d", count)
	TEXT(name+suffix(), NOSPLIT, "func(rows, step int, x *float32, acc *float64)")
	Pragma("noescape")
	Doc(name + suffix() + " is SumColumns for so many columns and a positive number of rows.")
	rows, step := Load(Param("rows"), GP64()), Load(Param("step"), GP64())
	x, acc := Load(Param("x"), GP64()), Load(Param("acc"), GP64())
	SHLQ(U8(2), step)
	total := loadDoubles(acc, count)
	Label("loop")
	for i := range total {
		v := vector()
		VCVTPS2PD(Mem{Base: x, Disp: 4 * doubles() * i}, v)
		VADDPD(v, total[i], total[i])
	}
	ADDQ(step, x)
	DECQ(rows)
	JNZ(LabelRef("loop"))
	storeDoubles(total, acc)
	VZEROUPPER()
	RET()
}
