package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// normal is Box and Muller's transform of eight pairs at a time, operation for operation as in boxMuller.
func normal() {
	blocks("normalAVX2", "normalGo", func(c [4]reg.VecVirtual, dst reg.Register) {
		u1, u2 := pair(c[0], c[2]), pair(c[1], c[3])
		r := radius(u1)
		sin, cos := sincos(u2)
		VMULPS(r, sin, sin)
		VMULPS(r, cos, cos)
		even, odd := YMM(), YMM()
		VPUNPCKLDQ(sin, cos, even)
		VPUNPCKHDQ(sin, cos, odd)
		store(even, odd, dst)
	})
}

// radius is sqrt(-2 log((u+1) / 2^32)), by logWord.
func radius(u reg.VecVirtual) reg.VecVirtual {
	x, t, e, f := YMM(), YMM(), YMM(), YMM()
	VPSRLD(Imm(16), u, x)
	VCVTDQ2PS(x, x)
	VMULPS(float(65536), x, x)
	VPAND(bits(0xffff), u, t)
	VCVTDQ2PS(t, t)
	VADDPS(float(1), t, t)
	VADDPS(t, x, x)

	VPSUBD(bits(0x3f3504f3), x, e)
	VPSRAD(Imm(23), e, e)
	VPSLLD(Imm(23), e, t)
	VPSUBD(t, x, f)
	VSUBPS(float(1), f, f)

	VPXOR(bits(0xffffffff), u, u)
	VCVTDQ2PS(u, u)
	VMULPS(float(-1.0/(1<<32)), u, u)
	VPSUBD(bits(32), e, e)
	VPXOR(t, t, t)
	VPCMPEQD(t, e, t)
	VBLENDVPS(t, u, f, f)
	VCVTDQ2PS(e, e)

	z := YMM()
	VMULPS(f, f, z)
	y := horner([]float32{7.0376836292e-2, -1.1514610310e-1, 1.1676998740e-1, -1.2420140846e-1, 1.4249322787e-1,
		-1.6668057665e-1, 2.0000714765e-1, -2.4999993993e-1, 3.3333331174e-1}, f)
	VMULPS(f, y, y)
	VMULPS(z, y, y)
	VMULPS(float(-2.12194440e-4), e, t)
	VADDPS(t, y, y)
	VMULPS(float(0.5), z, z)
	VSUBPS(z, y, y)
	VADDPS(y, f, f)
	VMULPS(float(0.693359375), e, e)
	VADDPS(e, f, f)
	VMULPS(float(-2), f, f)
	VSQRTPS(f, f)
	return f
}

// sincos is sincosWord.
func sincos(u reg.VecVirtual) (sin, cos reg.VecVirtual) {
	quarter, w, z := YMM(), YMM(), YMM()
	VPADDD(bits(1<<29), u, quarter)
	VPSRLD(Imm(30), quarter, quarter)
	VPSLLD(Imm(30), quarter, w)
	VPSUBD(w, u, w)
	VCVTDQ2PS(w, w)
	VMULPS(float(6.283185307179586476925286766559/(1<<32)), w, w)
	VMULPS(w, w, z)

	s := horner([]float32{-1.9515295891e-4, 8.3321608736e-3, -1.6666654611e-1}, z)
	VMULPS(z, s, s)
	VMULPS(w, s, s)
	VADDPS(w, s, s)
	c := horner([]float32{2.443315711809948e-5, -1.388731625493765e-3, 4.166664568298827e-2}, z)
	VMULPS(z, c, c)
	VMULPS(z, c, c)
	VMULPS(float(0.5), z, z)
	VSUBPS(z, c, c)
	VADDPS(float(1), c, c)

	// A blend looks at the uppermost bit: odd quarters swap.
	odd := YMM()
	VPSLLD(Imm(31), quarter, odd)
	sin, cos = YMM(), YMM()
	VBLENDVPS(odd, c, s, sin)
	VBLENDVPS(odd, s, c, cos)
	VPADDD(bits(1), quarter, z)
	for _, x := range []struct{ sign, of reg.VecVirtual }{{quarter, sin}, {z, cos}} {
		VPSLLD(Imm(30), x.sign, x.sign)
		VPAND(bits(1<<31), x.sign, x.sign)
		VXORPS(x.sign, x.of, x.of)
	}
	return sin, cos
}

func horner(terms []float32, x reg.VecVirtual) reg.VecVirtual {
	y := YMM()
	VMULPS(float(terms[0]), x, y)
	for i, t := range terms[1:] {
		if i > 0 {
			VMULPS(x, y, y)
		}
		VADDPS(float(t), y, y)
	}
	return y
}

// bits is a word in all eight places.
func bits(v uint32) Mem {
	b := uint64(v)<<32 | uint64(v)
	return table(fmt.Sprintf("word%08x", v), b, b, b, b)
}
