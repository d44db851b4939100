// Command gen writes the assembly of package gemm. Run it with go generate.
package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

func main() {
	ConstraintExpr("amd64,!noasm")

	single := element{typ: "float32", size: 4, broadcast: VBROADCASTSS, load: VMOVUPS, mul: VMULPS, fma231: VFMADD231PS, fma213: VFMADD213PS}
	double := element{typ: "float64", size: 8, broadcast: VBROADCASTSD, load: VMOVUPD, mul: VMULPD, fma231: VFMADD231PD, fma213: VFMADD213PD}

	kernel("kernelF32AVX2", single, 6, ymm)
	kernel("kernelF64AVX2", double, 6, ymm)
	kernel("kernelF32AVX512", single, 12, zmm)
	kernel("kernelF64AVX512", double, 12, zmm)
	transpose8()
	transpose4()
	Generate()
}

// element is an element type and the instructions that work on it.
type element struct {
	typ                                  string
	size                                 int
	broadcast, load, mul, fma231, fma213 func(...Op)
}

// vector is a width of register.
type vector struct {
	bytes int
	alloc func() reg.VecVirtual
	zero  func(reg.VecVirtual)
}

var (
	ymm = vector{32, YMM, func(v reg.VecVirtual) { VXORPS(v, v, v) }}
	zmm = vector{64, ZMM, func(v reg.VecVirtual) { VPXORD(v, v, v) }}
)

// kernel writes a micro-kernel for tiles of 1 to maxRows rows and two vectors of columns: one loop for each number of
// rows, so that a short tile wastes nothing. Accumulators stay in registers over the whole of k.
func kernel(name string, e element, maxRows int, v vector) {
	TEXT(name, NOSPLIT, fmt.Sprintf(
		"func(rows, k int, a, b *%s, bStride int, c *%[1]s, ldc int, alpha %[1]s, add bool)", e.typ))
	Pragma("noescape")
	Doc(fmt.Sprintf("%s is kernelGo for tiles of at most %d rows and exactly %d columns, with fused multiply-adds.",
		name, maxRows, 2*v.bytes/e.size))

	rows := Load(Param("rows"), GP64())
	k := Load(Param("k"), GP64())
	a := Load(Param("a"), GP64())
	b := Load(Param("b"), GP64())
	bStride := Load(Param("bStride"), GP64())
	c := Load(Param("c"), GP64())
	ldc := Load(Param("ldc"), GP64())
	shift := U8(2)
	if e.size == 8 {
		shift = 3
	}
	SHLQ(shift, bStride)
	SHLQ(shift, ldc)

	for r := maxRows; r > 1; r-- {
		CMPQ(rows, Imm(uint64(r)))
		JEQ(LabelRef(fmt.Sprintf("rows%d", r)))
	}
	for r := 1; r <= maxRows; r++ {
		Label(fmt.Sprintf("rows%d", r))
		acc := make([][2]reg.VecVirtual, r)
		for i := range acc {
			for j := range acc[i] {
				acc[i][j] = v.alloc()
				v.zero(acc[i][j])
			}
		}
		loop := fmt.Sprintf("loop%d", r)
		Label(loop)
		b0, b1, ai := v.alloc(), v.alloc(), v.alloc()
		e.load(Mem{Base: b}, b0)
		e.load(Mem{Base: b, Disp: v.bytes}, b1)
		ADDQ(bStride, b)
		for i := range acc {
			e.broadcast(Mem{Base: a, Disp: i * e.size}, ai)
			e.fma231(b0, ai, acc[i][0])
			e.fma231(b1, ai, acc[i][1])
		}
		ADDQ(Imm(uint64(r*e.size)), a)
		DECQ(k)
		JNZ(LabelRef(loop))

		alpha := v.alloc()
		param, err := Param("alpha").Resolve()
		if err != nil {
			panic(err)
		}
		e.broadcast(param.Addr, alpha)
		add, store := Load(Param("add"), GP8()), fmt.Sprintf("store%d", r)
		TESTB(add, add)
		JZ(LabelRef(store))
		for i := range acc {
			for j := range acc[i] {
				at := Mem{Base: c, Disp: j * v.bytes}
				e.fma213(at, alpha, acc[i][j])
				e.load(acc[i][j], at)
			}
			ADDQ(ldc, c)
		}
		VZEROUPPER()
		RET()

		Label(store)
		for i := range acc {
			for j := range acc[i] {
				e.mul(alpha, acc[i][j], acc[i][j])
				e.load(acc[i][j], Mem{Base: c, Disp: j * v.bytes})
			}
			ADDQ(ldc, c)
		}
		VZEROUPPER()
		RET()
	}
}

// strips loads the parameters of a transposition and loops over strips of eight columns.
func strips(body func(row func(int) Mem, to func(int) Mem)) {
	n := Load(Param("n"), GP64())
	src := Load(Param("src"), GP64())
	ld := Load(Param("ld"), GP64())
	dst := Load(Param("dst"), GP64())
	step := Load(Param("step"), GP64())
	SHLQ(Imm(2), ld)
	SHLQ(Imm(2), step)
	row := GP64()
	Label("loop")
	body(func(i int) Mem {
		if i == 0 {
			MOVQ(src, row)
		} else {
			ADDQ(ld, row)
		}
		return Mem{Base: row}
	}, func(i int) Mem {
		if i > 0 {
			ADDQ(step, dst)
		}
		return Mem{Base: dst}
	})
	ADDQ(step, dst)
	ADDQ(Imm(32), src)
	SUBQ(Imm(8), n)
	JNZ(LabelRef("loop"))
	VZEROUPPER()
	RET()
}

// unpacked loads n rows and interleaves each even one with the next: t[i] holds the low halves of a pair, t[i+1] the high ones.
func unpacked(row func(int) Mem, n int) []reg.VecVirtual {
	r, t := make([]reg.VecVirtual, n), make([]reg.VecVirtual, n)
	for i := range r {
		r[i] = YMM()
		VMOVUPS(row(i), r[i])
	}
	for i := 0; i < n; i += 2 {
		t[i], t[i+1] = YMM(), YMM()
		VUNPCKLPS(r[i+1], r[i], t[i])
		VUNPCKHPS(r[i+1], r[i], t[i+1])
	}
	return t
}

func transpose8() {
	TEXT("transpose8AVX2", NOSPLIT, "func(n int, src *float32, ld int, dst *float32, step int)")
	Pragma("noescape")
	Doc("transpose8AVX2 is transposeGo for eight rows, with n a positive multiple of 8.")
	strips(func(row, to func(int) Mem) {
		t, u := unpacked(row, 8), [8]reg.VecVirtual{}
		for i := 0; i < 8; i += 4 {
			for j := range 2 {
				u[i+2*j], u[i+2*j+1] = YMM(), YMM()
				VSHUFPS(Imm(0x44), t[i+j+2], t[i+j], u[i+2*j])
				VSHUFPS(Imm(0xee), t[i+j+2], t[i+j], u[i+2*j+1])
			}
		}
		for i := range 8 {
			out := YMM()
			half := Imm(0x20)
			if i >= 4 {
				half = Imm(0x31)
			}
			VPERM2F128(half, u[4+i%4], u[i%4], out)
			VMOVUPS(out, to(i))
		}
	})
}

func transpose4() {
	TEXT("transpose4AVX2", NOSPLIT, "func(n int, src *float32, ld int, dst *float32, step int)")
	Pragma("noescape")
	Doc("transpose4AVX2 is transposeGo for four rows, with n a positive multiple of 8.")
	strips(func(row, to func(int) Mem) {
		t, u := unpacked(row, 4), [4]reg.VecVirtual{}
		for j := range 2 {
			u[2*j], u[2*j+1] = YMM(), YMM()
			VSHUFPS(Imm(0x44), t[j+2], t[j], u[2*j])
			VSHUFPS(Imm(0xee), t[j+2], t[j], u[2*j+1])
		}
		for i := range 8 {
			if i < 4 {
				VMOVUPS(u[i].AsX(), to(i))
				continue
			}
			x := XMM()
			VEXTRACTF128(Imm(1), u[i-4], x)
			VMOVUPS(x, to(i))
		}
	})
}
