// Command gen writes the assembly of package fused. Run it with go generate.
package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
)

func main() {
	ConstraintExpr("amd64,!noasm")
	adam()
	zeros()
	squares()
	average()
	scale()
	Generate()
}

// adam writes eight elements a turn. No multiply-add is fused: adamGo fuses none, and the bits must be its.
func adam() {
	TEXT("adamAVX2", NOSPLIT, "func(n int, p, grad, m, v, beta1, one1, beta2, one2, alpha, scale, epsilon, keep *float32)")
	Pragma("noescape")
	Doc("adamAVX2 is adamGo for n elements, a positive multiple of 8. The coefficients are read through pointers.")

	n := Load(Param("n"), GP64())
	p, g := Load(Param("p"), GP64()), Load(Param("grad"), GP64())
	m, v := Load(Param("m"), GP64()), Load(Param("v"), GP64())
	broadcast := func(name string) Op {
		at, y := Load(Param(name), GP64()), YMM()
		VBROADCASTSS(Mem{Base: at}, y)
		return y
	}
	beta1, one1, beta2, one2 := broadcast("beta1"), broadcast("one1"), broadcast("beta2"), broadcast("one2")
	alpha, scale, epsilon, keep := broadcast("alpha"), broadcast("scale"), broadcast("epsilon"), broadcast("keep")

	Label("loop")
	grad, mean, square, t := YMM(), YMM(), YMM(), YMM()
	VMOVUPS(Mem{Base: g}, grad)
	// m = beta1*m + one1*g
	VMULPS(Mem{Base: m}, beta1, mean)
	VMULPS(grad, one1, t)
	VADDPS(t, mean, mean)
	VMOVUPS(mean, Mem{Base: m})
	// v = beta2*v + one2*g*g
	VMULPS(Mem{Base: v}, beta2, square)
	VMULPS(grad, one2, t)
	VMULPS(grad, t, t)
	VADDPS(t, square, square)
	VMOVUPS(square, Mem{Base: v})
	// p = keep*p - alpha*m/(scale*sqrt(v)+epsilon)
	VSQRTPS(square, square)
	VMULPS(scale, square, square)
	VADDPS(epsilon, square, square)
	VMULPS(alpha, mean, mean)
	VDIVPS(square, mean, mean)
	VMULPS(Mem{Base: p}, keep, t)
	VSUBPS(mean, t, t)
	VMOVUPS(t, Mem{Base: p})
	for _, at := range []Op{p, g, m, v} {
		ADDQ(Imm(32), at)
	}
	SUBQ(Imm(8), n)
	JNZ(LabelRef("loop"))
	VZEROUPPER()
	RET()
}

// zeros keeps four sums of eight, so that no addition waits for the last.
func zeros() {
	TEXT("zerosAVX2", NOSPLIT, "func(n int, p *float32, sum *[8]float32)")
	Pragma("noescape")
	Doc("zerosAVX2 adds p*0 over n elements, a positive multiple of 32, into eight sums.")

	n, p, sum := Load(Param("n"), GP64()), Load(Param("p"), GP64()), Load(Param("sum"), GP64())
	zero, t := YMM(), YMM()
	VXORPS(zero, zero, zero)
	sums := [4]Op{YMM(), YMM(), YMM(), YMM()}
	for _, s := range sums {
		VXORPS(s, s, s)
	}
	Label("loop")
	for i, s := range sums {
		VMULPS(Mem{Base: p, Disp: 32 * i}, zero, t)
		VADDPS(t, s, s)
	}
	ADDQ(Imm(128), p)
	SUBQ(Imm(32), n)
	JNZ(LabelRef("loop"))
	VADDPS(sums[1], sums[0], sums[0])
	VADDPS(sums[3], sums[2], sums[2])
	VADDPS(sums[2], sums[0], sums[0])
	VMOVUPS(sums[0], Mem{Base: sum})
	VZEROUPPER()
	RET()
}

// squares keeps the sixteen sums of Squares in four registers.
func squares() {
	TEXT("squaresAVX2", NOSPLIT, "func(n int, grad *float32, sums *[16]float64)")
	Pragma("noescape")
	Doc("squaresAVX2 is the loop of Squares for n elements, a positive multiple of 16, with the sums at 0.")

	n, g, at := Load(Param("n"), GP64()), Load(Param("grad"), GP64()), Load(Param("sums"), GP64())
	sums, t := [4]Op{YMM(), YMM(), YMM(), YMM()}, [4]Op{YMM(), YMM(), YMM(), YMM()}
	for _, s := range sums {
		VXORPD(s, s, s)
	}
	Label("loop")
	for i, s := range sums {
		VCVTPS2PD(Mem{Base: g, Disp: 16 * i}, t[i])
		VMULPD(t[i], t[i], t[i])
		VADDPD(t[i], s, s)
	}
	ADDQ(Imm(64), g)
	SUBQ(Imm(16), n)
	JNZ(LabelRef("loop"))
	for i, s := range sums {
		VMOVUPD(s, Mem{Base: at, Disp: 32 * i})
	}
	VZEROUPPER()
	RET()
}

func average() {
	TEXT("averageAVX2", NOSPLIT, "func(n int, mean, p *float32, decay, one float32)")
	Pragma("noescape")
	Doc("averageAVX2 is averageGo for n elements, a positive multiple of 8.")

	n, mean, p := Load(Param("n"), GP64()), Load(Param("mean"), GP64()), Load(Param("p"), GP64())
	decay, one := spread("decay"), spread("one")
	Label("loop")
	m, t := YMM(), YMM()
	VMULPS(Mem{Base: mean}, decay, m)
	VMULPS(Mem{Base: p}, one, t)
	VADDPS(t, m, m)
	VMOVUPS(m, Mem{Base: mean})
	ADDQ(Imm(32), mean)
	ADDQ(Imm(32), p)
	SUBQ(Imm(8), n)
	JNZ(LabelRef("loop"))
	VZEROUPPER()
	RET()
}

func scale() {
	TEXT("scaleAVX2", NOSPLIT, "func(n int, grad *float32, scale float32)")
	Pragma("noescape")
	Doc("scaleAVX2 is scaleGo for n elements, a positive multiple of 8.")

	n, g := Load(Param("n"), GP64()), Load(Param("grad"), GP64())
	by, t := spread("scale"), YMM()
	Label("loop")
	VMULPS(Mem{Base: g}, by, t)
	VMOVUPS(t, Mem{Base: g})
	ADDQ(Imm(32), g)
	SUBQ(Imm(8), n)
	JNZ(LabelRef("loop"))
	VZEROUPPER()
	RET()
}

// spread is a float32 parameter in all eight places.
func spread(param string) Op {
	x, y := Load(Param(param), XMM()), YMM()
	VBROADCASTSS(x, y)
	return y
}
