// Command gen writes the assembly of package conv. Run it with go generate.
package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

func main() {
	ConstraintExpr("amd64,!noasm")

	single := element{typ: "float32", size: 4, broadcast: VBROADCASTSS, move: VMOVUPS, fma231: VFMADD231PS}
	double := element{typ: "float64", size: 8, broadcast: VBROADCASTSD, move: VMOVUPD, fma231: VFMADD231PD}

	for _, e := range []element{single, double} {
		name := map[int]string{4: "F32", 8: "F64"}[e.size]
		windows("windows"+name+"AVX2", e, 6, ymm)
		windows("windows"+name+"AVX512", e, 12, zmm)
		sums("sums"+name+"AVX2", e, 6, ymm)
		sums("sums"+name+"AVX512", e, 12, zmm)
		for _, v := range []struct {
			suffix string
			vector
		}{{"AVX2", ymm}, {"AVX512", zmm}} {
			shifted("shifted"+name+v.suffix, e, v.vector)
			dots("dots"+name+v.suffix, e, v.vector)
		}
	}
	Generate()
}

// element is an element type and the instructions that work on it.
type element struct {
	typ                     string
	size                    int
	broadcast, move, fma231 func(...Op)
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

// at is the parameter called name where the caller left it, to be read and written there: registers are few.
func at(name string) Mem {
	b, err := Param(name).Resolve()
	if err != nil {
		panic(err)
	}
	return b.Addr
}

// eachCount writes the body once for each number of rows, so that a short tile wastes nothing.
func eachCount(maxRows int, body func(r int, label func(string) string)) {
	rows := Load(Param("rows"), GP64())
	for r := maxRows; r > 1; r-- {
		CMPQ(rows, Imm(uint64(r)))
		JEQ(LabelRef(fmt.Sprintf("rows%d", r)))
	}
	for r := 1; r <= maxRows; r++ {
		Label(fmt.Sprintf("rows%d", r))
		body(r, func(s string) string { return fmt.Sprintf("%s%d", s, r) })
		VZEROUPPER()
		RET()
	}
}

func accumulators(v vector, r int) [][2]reg.VecVirtual {
	acc := make([][2]reg.VecVirtual, r)
	for i := range acc {
		acc[i] = [2]reg.VecVirtual{v.alloc(), v.alloc()}
	}
	return acc
}

func windows(name string, e element, maxRows int, v vector) {
	TEXT(name, NOSPLIT, fmt.Sprintf(
		"func(rows, runs, n int, a *%s, rowAt, runAt *int, b, start, c *%[1]s, cAt *int)", e.typ))
	Pragma("noescape")
	Doc(fmt.Sprintf("%s is windowsGo for at most %d rows and exactly %d columns, with fused multiply-adds. A nil start stands for c itself.",
		name, maxRows, 2*v.bytes/e.size))
	end := AllocLocal(8)

	eachCount(maxRows, func(r int, label func(string) string) {
		acc := accumulators(v, r)
		k, b := GP64(), GP64()
		// element i of c: the registers are free before and after the sum.
		row := func(i int) func(j int) Mem {
			c, list := GP64(), GP64()
			MOVQ(at("cAt"), list)
			MOVQ(Mem{Base: list, Disp: 8 * i}, list)
			MOVQ(at("c"), c)
			return func(j int) Mem {
				return Mem{Base: c, Index: list, Scale: uint8(e.size), Disp: j * v.bytes}
			}
		}
		start := GP64()
		MOVQ(at("start"), start)
		TESTQ(start, start)
		JZ(LabelRef(label("old")))
		for i := range acc {
			e.move(Mem{Base: start}, acc[i][0])
			e.move(Mem{Base: start, Disp: v.bytes}, acc[i][1])
		}
		JMP(LabelRef(label("begin")))
		Label(label("old"))
		for i := range acc {
			at := row(i)
			e.move(at(0), acc[i][0])
			e.move(at(1), acc[i][1])
		}
		Label(label("begin"))
		pa := make([]reg.GPVirtual, r)
		list, a := k, b
		MOVQ(at("rowAt"), list)
		MOVQ(at("a"), a)
		for i := range pa {
			pa[i] = GP64()
			MOVQ(Mem{Base: list, Disp: 8 * i}, pa[i])
			LEAQ(Mem{Base: a, Index: pa[i], Scale: uint8(e.size)}, pa[i])
		}
		MOVQ(at("b"), b)

		Label(label("run"))
		MOVQ(at("runAt"), k)
		ADDQ(Imm(8), at("runAt"))
		MOVQ(Mem{Base: k}, k)
		ADDQ(at("n"), k)
		MOVQ(k, end)
		SUBQ(at("n"), k)
		Label(label("loop"))
		b0, b1, ai := v.alloc(), v.alloc(), v.alloc()
		e.move(Mem{Base: b}, b0)
		e.move(Mem{Base: b, Disp: v.bytes}, b1)
		for i := range acc {
			e.broadcast(Mem{Base: pa[i], Index: k, Scale: uint8(e.size)}, ai)
			e.fma231(b0, ai, acc[i][0])
			e.fma231(b1, ai, acc[i][1])
		}
		ADDQ(Imm(uint64(2*v.bytes)), b)
		INCQ(k)
		CMPQ(k, end)
		JNE(LabelRef(label("loop")))
		DECQ(at("runs"))
		JNZ(LabelRef(label("run")))

		for i := range acc {
			at := row(i)
			e.move(acc[i][0], at(0))
			e.move(acc[i][1], at(1))
		}
	})
}

func sums(name string, e element, maxRows int, v vector) {
	TEXT(name, NOSPLIT, fmt.Sprintf(
		"func(rows, runs, n int, a *%s, aStep int, b *%[1]s, runAt *int, bStep int, c *%[1]s, add bool)", e.typ))
	Pragma("noescape")
	Doc(fmt.Sprintf("%s is sumsGo for at most %d rows and exactly %d columns, with fused multiply-adds.",
		name, maxRows, 2*v.bytes/e.size))

	eachCount(maxRows, func(r int, label func(string) string) {
		acc := accumulators(v, r)
		row := func(c reg.Register, i, j int) Mem { return Mem{Base: c, Disp: (2*i + j) * v.bytes} }
		c := Load(Param("c"), GP64())
		add := Load(Param("add"), GP8())
		TESTB(add, add)
		JNZ(LabelRef(label("old")))
		for i := range acc {
			v.zero(acc[i][0])
			v.zero(acc[i][1])
		}
		JMP(LabelRef(label("begin")))
		Label(label("old"))
		for i := range acc {
			e.move(row(c, i, 0), acc[i][0])
			e.move(row(c, i, 1), acc[i][1])
		}
		Label(label("begin"))
		a := Load(Param("a"), GP64())
		aStep := Load(Param("aStep"), GP64())
		bStep := Load(Param("bStep"), GP64())
		runAt := Load(Param("runAt"), GP64())
		runs := Load(Param("runs"), GP64())
		first := Load(Param("b"), GP64())
		shift := Imm(2)
		if e.size == 8 {
			shift = Imm(3)
		}
		SHLQ(shift, aStep)
		SHLQ(shift, bStep)

		Label(label("run"))
		b, left := GP64(), GP64()
		MOVQ(Mem{Base: runAt}, b)
		ADDQ(Imm(8), runAt)
		LEAQ(Mem{Base: first, Index: b, Scale: uint8(e.size)}, b)
		MOVQ(at("n"), left)
		Label(label("loop"))
		b0, b1, ai := v.alloc(), v.alloc(), v.alloc()
		e.move(Mem{Base: b}, b0)
		e.move(Mem{Base: b, Disp: v.bytes}, b1)
		for i := range acc {
			e.broadcast(Mem{Base: a, Disp: i * e.size}, ai)
			e.fma231(b0, ai, acc[i][0])
			e.fma231(b1, ai, acc[i][1])
		}
		ADDQ(aStep, a)
		ADDQ(bStep, b)
		DECQ(left)
		JNZ(LabelRef(label("loop")))
		DECQ(runs)
		JNZ(LabelRef(label("run")))

		for i := range acc {
			e.move(acc[i][0], row(c, i, 0))
			e.move(acc[i][1], row(c, i, 1))
		}
	})
}

// shifted sums up four vectors at a time, and at the end one.
func shifted(name string, e element, v vector) {
	TEXT(name, NOSPLIT, fmt.Sprintf("func(n int, y, x *%s, off *int, w *%[1]s, taps int, start %[1]s)", e.typ))
	Pragma("noescape")
	Doc(fmt.Sprintf("%s is shiftedGo for n elements, a positive multiple of %d, and at least one tap, with fused multiply-adds.", name, v.bytes/e.size))
	left, y, x := Load(Param("n"), GP64()), Load(Param("y"), GP64()), Load(Param("x"), GP64())
	off, w, taps := Load(Param("off"), GP64()), Load(Param("w"), GP64()), Load(Param("taps"), GP64())
	start, weight := v.alloc(), v.alloc()
	e.broadcast(at("start"), start)
	for _, many := range []int{4, 1} {
		label := func(s string) string { return fmt.Sprintf("%s%d", s, many) }
		acc := make([]reg.VecVirtual, many)
		for i := range acc {
			acc[i] = v.alloc()
		}
		Label(label("next"))
		CMPQ(left, U32(uint32(many*v.bytes/e.size)))
		JLT(LabelRef(label("less")))
		for i := range acc {
			e.move(start, acc[i])
		}
		t, from := GP64(), GP64()
		XORQ(t, t)
		Label(label("tap"))
		e.broadcast(Mem{Base: w, Index: t, Scale: uint8(e.size)}, weight)
		MOVQ(Mem{Base: off, Index: t, Scale: 8}, from)
		for i := range acc {
			e.fma231(Mem{Base: x, Index: from, Scale: uint8(e.size), Disp: i * v.bytes}, weight, acc[i])
		}
		INCQ(t)
		CMPQ(t, taps)
		JNE(LabelRef(label("tap")))
		for i := range acc {
			e.move(acc[i], Mem{Base: y, Disp: i * v.bytes})
		}
		ADDQ(U32(uint32(many*v.bytes)), x)
		ADDQ(U32(uint32(many*v.bytes)), y)
		SUBQ(U32(uint32(many*v.bytes/e.size)), left)
		JMP(LabelRef(label("next")))
		Label(label("less"))
	}
	VZEROUPPER()
	RET()
}

// dots takes four taps at a time, so that no sum waits for its last addition, and at the end one.
func dots(name string, e element, v vector) {
	const lanes = 64 // bytes of the sums of a tap
	TEXT(name, NOSPLIT, fmt.Sprintf("func(n int, a, x *%s, off *int, taps int, acc *%[1]s)", e.typ))
	Pragma("noescape")
	Doc(fmt.Sprintf("%s is dotsGo for n elements, a positive multiple of %d, with fused multiply-adds.", name, lanes/e.size))
	a, x, off := Load(Param("a"), GP64()), Load(Param("x"), GP64()), Load(Param("off"), GP64())
	left, sums := Load(Param("taps"), GP64()), Load(Param("acc"), GP64())
	per := lanes / v.bytes
	for _, many := range []int{4, 1} {
		label := func(s string) string { return fmt.Sprintf("%s%d", s, many) }
		acc := make([]reg.VecVirtual, many*per)
		from := make([]reg.GPVirtual, many)
		Label(label("next"))
		CMPQ(left, U32(uint32(many)))
		JLT(LabelRef(label("less")))
		for i := range acc {
			acc[i] = v.alloc()
			e.move(Mem{Base: sums, Disp: i * v.bytes}, acc[i])
		}
		for i := range from {
			from[i] = GP64()
			MOVQ(Mem{Base: off, Disp: 8 * i}, from[i])
			LEAQ(Mem{Base: x, Index: from[i], Scale: uint8(e.size)}, from[i])
		}
		i := GP64()
		XORQ(i, i)
		Label(label("loop"))
		for k := range per {
			ai := v.alloc()
			e.move(Mem{Base: a, Index: i, Scale: uint8(e.size), Disp: k * v.bytes}, ai)
			for t := range from {
				e.fma231(Mem{Base: from[t], Index: i, Scale: uint8(e.size), Disp: k * v.bytes}, ai, acc[t*per+k])
			}
		}
		ADDQ(U32(uint32(lanes/e.size)), i)
		CMPQ(i, at("n"))
		JNE(LabelRef(label("loop")))
		for i := range acc {
			e.move(acc[i], Mem{Base: sums, Disp: i * v.bytes})
		}
		ADDQ(U32(uint32(8*many)), off)
		ADDQ(U32(uint32(lanes*many)), sums)
		SUBQ(U32(uint32(many)), left)
		JMP(LabelRef(label("next")))
		Label(label("less"))
	}
	VZEROUPPER()
	RET()
}
