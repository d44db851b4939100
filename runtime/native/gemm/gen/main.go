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
	transposeWide("transposeF32AVX512", single)
	transposeWide("transposeF64AVX512", double)
	spread("spreadAVX2", ymm)
	spread("spreadAVX512", zmm)
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
	masks bool
}

var (
	ymm = vector{32, YMM, func(v reg.VecVirtual) { VXORPS(v, v, v) }, false}
	zmm = vector{64, ZMM, func(v reg.VecVirtual) { VPXORD(v, v, v) }, true}
)

// kernel writes a micro-kernel for tiles of 1 to maxRows rows and two vectors of columns: one loop for each number of
// rows, so that a short tile wastes nothing. Accumulators stay in registers over the whole of k; what they are to be added
// to is fetched meanwhile. With AVX-512, columns beyond cols are masked out of the stores.
func kernel(name string, e element, maxRows int, v vector) {
	cols, columns := "", "exactly"
	if v.masks {
		cols, columns = "cols, ", "at most"
	}
	TEXT(name, NOSPLIT, fmt.Sprintf(
		"func(rows, %sk int, a, b *%s, bStride int, c *%[2]s, ldc int, alpha %[2]s, add bool)", cols, e.typ))
	Pragma("noescape")
	Doc(fmt.Sprintf("%s is kernelGo for tiles of at most %d rows and %s %d columns, with fused multiply-adds.",
		name, maxRows, columns, 2*v.bytes/e.size))

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
		fetch := GP64()
		MOVQ(c, fetch)
		acc := make([][2]reg.VecVirtual, r)
		for i := range acc {
			PREFETCHT0(Mem{Base: fetch})
			PREFETCHT0(Mem{Base: fetch, Disp: 2*v.bytes - e.size})
			if i < r-1 {
				ADDQ(ldc, fetch)
			}
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
		add := Load(Param("add"), GP8())
		out := func(name string, added bool, masks []reg.Register) {
			Label(fmt.Sprintf("%s%d", name, r))
			for i := range acc {
				for j := range acc[i] {
					at, mask := Mem{Base: c, Disp: j * v.bytes}, []Op(nil)
					if masks != nil {
						mask = []Op{masks[j]}
					}
					with := func(from Op, ops ...Op) []Op { return append(append([]Op{from}, ops...), append(mask, acc[i][j])...) }
					if added {
						e.fma213(with(at, alpha)...)
					} else {
						e.mul(alpha, acc[i][j], acc[i][j])
					}
					e.load(append(append([]Op{acc[i][j]}, mask...), at)...)
				}
				if i < len(acc)-1 {
					ADDQ(ldc, c)
				}
			}
			VZEROUPPER()
			RET()
		}
		if v.masks {
			n, ones := Load(Param("cols"), GP64()), GP64()
			CMPQ(n, Imm(uint64(2*v.bytes/e.size)))
			JLT(LabelRef(fmt.Sprintf("edge%d", r)))
			TESTB(add, add)
			JZ(LabelRef(fmt.Sprintf("store%d", r)))
			out("add", true, nil)
			out("store", false, nil)
			Label(fmt.Sprintf("edge%d", r))
			MOVQ(I32(-1), ones)
			BZHIQ(n, ones, ones)
			KMOVW(ones.As32(), reg.K1)
			SHRQ(U8(v.bytes/e.size), ones)
			KMOVW(ones.As32(), reg.K2)
			TESTB(add, add)
			JZ(LabelRef(fmt.Sprintf("storeEdge%d", r)))
			out("addEdge", true, []reg.Register{reg.K1, reg.K2})
			out("storeEdge", false, []reg.Register{reg.K1, reg.K2})
			continue
		}
		TESTB(add, add)
		JZ(LabelRef(fmt.Sprintf("store%d", r)))
		out("add", true, nil)
		out("store", false, nil)
	}
}

// spread writes spreadGo for panels of two vectors, whatever their elements.
func spread(name string, v vector) {
	TEXT(name, NOSPLIT, "func(rows, panels int, src *byte, ld int, dst *byte)")
	Pragma("noescape")
	Doc(fmt.Sprintf("%s is spreadGo with panels of %d bytes, and ld in bytes too.", name, 2*v.bytes))
	rows := Load(Param("rows"), GP64())
	panels := Load(Param("panels"), GP64())
	src := Load(Param("src"), GP64())
	ld := Load(Param("ld"), GP64())
	dst := Load(Param("dst"), GP64())
	step, from, to, left := GP64(), GP64(), GP64(), GP64()
	IMUL3Q(Imm(uint64(2*v.bytes)), rows, step)
	Label("row")
	MOVQ(src, from)
	MOVQ(dst, to)
	MOVQ(panels, left)
	Label("panel")
	x0, x1 := v.alloc(), v.alloc()
	VMOVUPS(Mem{Base: from}, x0)
	VMOVUPS(Mem{Base: from, Disp: v.bytes}, x1)
	VMOVUPS(x0, Mem{Base: to})
	VMOVUPS(x1, Mem{Base: to, Disp: v.bytes})
	ADDQ(Imm(uint64(2*v.bytes)), from)
	ADDQ(step, to)
	DECQ(left)
	JNZ(LabelRef("panel"))
	ADDQ(ld, src)
	ADDQ(Imm(uint64(2*v.bytes)), dst)
	DECQ(rows)
	JNZ(LabelRef("row"))
	VZEROUPPER()
	RET()
}

// transposeWide writes a transposition with AVX-512. Squares are read as whole cache lines, rows beyond the last one as the
// last one again; stores leave their places out. In a square of 4 by 4 blocks of 128 bits, unpacking transposes
// the blocks, and two rounds of shuffles their order.
func transposeWide(name string, e element) {
	side := 64 / e.size
	TEXT(name, NOSPLIT, fmt.Sprintf("func(rows, n int, src *%s, ld int, dst *%[1]s, step int)", e.typ))
	Pragma("noescape")
	Doc(fmt.Sprintf("%s is transposeGo for 1 to %d rows, with n positive.", name, side))
	rows := Load(Param("rows"), GP64())
	n := Load(Param("n"), GP64())
	src := Load(Param("src"), GP64())
	ld := Load(Param("ld"), GP64())
	dst := Load(Param("dst"), GP64())
	step := Load(Param("step"), GP64())
	shift := U8(2)
	if e.size == 8 {
		shift = 3
	}
	SHLQ(shift, ld)
	SHLQ(shift, step)
	most, ones, width, row, next := GP64(), GP64(), GP64(), GP64(), GP64()
	MOVQ(U32(uint32(side)), most)
	MOVQ(I32(-1), ones)
	BZHIQ(rows, ones, width)
	KMOVW(width.As32(), reg.K1)
	Label("loop")
	MOVQ(n, width)
	CMPQ(width, most)
	CMOVQGT(most, width)
	BZHIQ(width, ones, width)
	KMOVW(width.As32(), reg.K2)
	x := make([]reg.VecVirtual, side)
	MOVQ(src, row)
	for i := range x {
		if i > 0 {
			LEAQ(Mem{Base: row, Index: ld, Scale: 1}, next)
			CMPQ(rows, Imm(uint64(i)))
			CMOVQGT(next, row)
		}
		x[i] = ZMM()
		if e.size == 4 {
			VMOVUPS_Z(Mem{Base: row}, reg.K2, x[i])
		} else {
			VMOVUPD_Z(Mem{Base: row}, reg.K2, x[i])
		}
	}
	for i, y := range squares(e, x) {
		if e.size == 4 {
			VMOVUPS(y, reg.K1, Mem{Base: dst})
		} else {
			VMOVUPD(y, reg.K1, Mem{Base: dst})
		}
		ADDQ(step, dst)
		DECQ(n)
		if i < side-1 {
			JZ(LabelRef("done"))
		}
	}
	LEAQ(Mem{Base: src, Disp: 64}, src)
	CMPQ(n, Imm(0))
	JNE(LabelRef("loop"))
	Label("done")
	VZEROUPPER()
	RET()
}

// squares transposes a square of whole vectors.
func squares(e element, x []reg.VecVirtual) []reg.VecVirtual {
	fresh := func(f func(y reg.VecVirtual)) reg.VecVirtual {
		y := ZMM()
		f(y)
		return y
	}
	per := 16 / e.size // columns in a block of 128 bits
	// blocks[c][g] holds, in each of its four blocks b, column b*per+c of rows g*per and following.
	blocks := make([][]reg.VecVirtual, per)
	for g := range 4 {
		r := x[g*per : (g+1)*per]
		if e.size == 8 {
			blocks[0] = append(blocks[0], fresh(func(y reg.VecVirtual) { VUNPCKLPD(r[1], r[0], y) }))
			blocks[1] = append(blocks[1], fresh(func(y reg.VecVirtual) { VUNPCKHPD(r[1], r[0], y) }))
			continue
		}
		lo0 := fresh(func(y reg.VecVirtual) { VUNPCKLPS(r[1], r[0], y) })
		hi0 := fresh(func(y reg.VecVirtual) { VUNPCKHPS(r[1], r[0], y) })
		lo1 := fresh(func(y reg.VecVirtual) { VUNPCKLPS(r[3], r[2], y) })
		hi1 := fresh(func(y reg.VecVirtual) { VUNPCKHPS(r[3], r[2], y) })
		blocks[0] = append(blocks[0], fresh(func(y reg.VecVirtual) { VUNPCKLPD(lo1, lo0, y) }))
		blocks[1] = append(blocks[1], fresh(func(y reg.VecVirtual) { VUNPCKHPD(lo1, lo0, y) }))
		blocks[2] = append(blocks[2], fresh(func(y reg.VecVirtual) { VUNPCKLPD(hi1, hi0, y) }))
		blocks[3] = append(blocks[3], fresh(func(y reg.VecVirtual) { VUNPCKHPD(hi1, hi0, y) }))
	}
	out := make([]reg.VecVirtual, len(x))
	for c, g := range blocks {
		even := func(a, b reg.VecVirtual) reg.VecVirtual { // blocks 0 and 2 of each
			return fresh(func(y reg.VecVirtual) { VSHUFF32X4(Imm(0x88), b, a, y) })
		}
		odd := func(a, b reg.VecVirtual) reg.VecVirtual {
			return fresh(func(y reg.VecVirtual) { VSHUFF32X4(Imm(0xdd), b, a, y) })
		}
		e0, e1, o0, o1 := even(g[0], g[1]), even(g[2], g[3]), odd(g[0], g[1]), odd(g[2], g[3])
		out[c], out[2*per+c] = even(e0, e1), odd(e0, e1)
		out[per+c], out[3*per+c] = even(o0, o1), odd(o0, o1)
	}
	return out
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
