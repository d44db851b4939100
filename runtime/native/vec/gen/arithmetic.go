package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

func arithmetic() {
	operator("add", true, func(a, b reg.VecVirtual) reg.VecVirtual { return add(a, b) })
	operator("sub", false, func(a, b reg.VecVirtual) reg.VecVirtual { return sub(a, b) })
	operator("mul", true, func(a, b reg.VecVirtual) reg.VecVirtual { return mul(a, b) })
	operator("div", false, func(a, b reg.VecVirtual) reg.VecVirtual { return div(a, b) })
	// Taken both ways round, a minimum differs where an operand is NaN and where both are zeros of either sign: the bits
	// of both are right for -0, those that both share for 0, and a NaN comes from adding.
	operator("min", true, func(a, b reg.VecVirtual) reg.VecVirtual {
		y := or(vmin.of(a, b), vmin.of(b, a))
		return choose(unordered(a, b), add(a, b), y)
	})
	operator("max", true, func(a, b reg.VecVirtual) reg.VecVirtual {
		y := and(vmax.of(a, b), vmax.of(b, a))
		return choose(unordered(a, b), add(a, b), y)
	})
	addScaled()
	operator("prelu", false, func(a, b reg.VecVirtual) reg.VecVirtual { return choose(negativeNumber(a), mul(b, a), a) })
}

// addScaled adds to y as it lies.
func addScaled() {
	TEXT("addScaled"+suffix(), NOSPLIT, "func(n int, y, x *float32, s float32)")
	Pragma("noescape")
	Doc("addScaled" + suffix() + " is AddScaled for n elements.")
	n, y, x := Load(Param("n"), GP64()).(reg.GPVirtual), Load(Param("y"), GP64()), Load(Param("x"), GP64())
	s := broadcast("s")
	loop(n, func(p at) { p.store(add(p.load(y), mul(p.load(x), s)), y) })
}

// everySecond takes eight of sixteen neighbours at a time, with the same instructions at either width.
func everySecond() {
	TEXT("everySecondAVX2", NOSPLIT, "func(n int, y, x *float32)")
	Pragma("noescape")
	Doc("everySecondAVX2 is y[i] = x[2*i] for n elements, a positive multiple of 8; it reads x[2*n-1].")
	n, y, x := Load(Param("n"), GP64()), Load(Param("y"), GP64()), Load(Param("x"), GP64())
	low, high := YMM(), YMM()
	Label("loop")
	VMOVUPS(Mem{Base: x}, low)
	VMOVUPS(Mem{Base: x, Disp: 32}, high)
	VSHUFPS(U8(0x88), high, low, low) // 0 2 8 10 4 6 12 14
	VPERMPD(U8(0xD8), low, low)
	VMOVUPS(low, Mem{Base: y})
	ADDQ(U8(64), x)
	ADDQ(U8(32), y)
	SUBQ(U8(8), n)
	JNZ(LabelRef("loop"))
	VZEROUPPER()
	RET()
}

func unordered(a, b reg.VecVirtual) mask { return compare(0x03, a, b) }

// operator writes y = a . b for two slices, for a slice and a number, and where that differs for a number and a slice.
func operator(name string, commutes bool, op func(a, b reg.VecVirtual) reg.VecVirtual) {
	TEXT(name+suffix(), NOSPLIT, "func(n int, y, a, b *float32)")
	Pragma("noescape")
	Doc(name + suffix() + " is y = a . b for n elements.")
	n, y := Load(Param("n"), GP64()).(reg.GPVirtual), Load(Param("y"), GP64())
	a, b := Load(Param("a"), GP64()), Load(Param("b"), GP64())
	loop(n, func(p at) { p.store(op(p.load(a), p.load(b)), y) })

	scalar := func(form string, op func(x, s reg.VecVirtual) reg.VecVirtual) {
		TEXT(name+form+suffix(), NOSPLIT, "func(n int, y, x *float32, s float32)")
		Pragma("noescape")
		Doc(name + form + suffix() + " is " + name + " of n elements and the number s.")
		n, y, x := Load(Param("n"), GP64()).(reg.GPVirtual), Load(Param("y"), GP64()), Load(Param("x"), GP64())
		s := broadcast("s")
		loop(n, func(p at) { p.store(op(p.load(x), s), y) })
	}
	scalar("Scalar", op)
	if !commutes {
		scalar("ScalarLeft", func(x, s reg.VecVirtual) reg.VecVirtual { return op(s, x) })
	}
}

func comparisons() {
	comparison("less", less, false)
	comparison("lessEqual", lessEqual, false)
	comparison("equal", equal, false)
	comparison("greater", greater, true)
	comparison("greaterEqual", greaterEqual, true)
}

// comparison writes y = a . b for two slices and for a slice and a number, or for the latter alone.
func comparison(name string, predicate uint8, scalarOnly bool) {
	if !scalarOnly {
		TEXT(name+suffix(), NOSPLIT, "func(n int, y *bool, a, b *float32)")
		Pragma("noescape")
		Doc(name + suffix() + " is y = a . b for n elements.")
		n, y := Load(Param("n"), GP64()).(reg.GPVirtual), Load(Param("y"), GP64())
		a, b := Load(Param("a"), GP64()), Load(Param("b"), GP64())
		loop(n, func(p at) { p.storeTruths(compare(predicate, p.load(a), p.load(b)), y) })
	}
	TEXT(name+"Scalar"+suffix(), NOSPLIT, "func(n int, y *bool, x *float32, s float32)")
	Pragma("noescape")
	Doc(name + "Scalar" + suffix() + " is " + name + " of n elements and the number s.")
	n, y, x := Load(Param("n"), GP64()).(reg.GPVirtual), Load(Param("y"), GP64()), Load(Param("x"), GP64())
	s := broadcast("s")
	loop(n, func(p at) { p.storeTruths(compare(predicate, p.load(x), s), y) })
}

func choices() {
	TEXT("widen"+suffix(), NOSPLIT, "func(n int, y *float32, x *bool)")
	Pragma("noescape")
	Doc("widen" + suffix() + " is Widen for n elements.")
	n, y, x := Load(Param("n"), GP64()).(reg.GPVirtual), Load(Param("y"), GP64()), Load(Param("x"), GP64())
	loop(n, func(p at) { p.store(choose(p.truths(x), number(1).lift(), number(0).lift()), y) })

	for _, form := range []string{"VV", "VS", "SV", "SS"} {
		TEXT("select"+form+suffix(), NOSPLIT, "func(n int, y *float32, c *bool, a, b *float32)")
		Pragma("noescape")
		Doc("select" + form + suffix() + " is Select for n elements, where a letter S says that one of a or of b is all there is.")
		n, y, c := Load(Param("n"), GP64()).(reg.GPVirtual), Load(Param("y"), GP64()), Load(Param("c"), GP64())
		a, b := choice(form[0], "a"), choice(form[1], "b")
		loop(n, func(p at) { p.store(choose(p.truths(c), a(p), b(p)), y) })
	}
}

// choice reads an operand of select.
func choice(form byte, param string) func(p at) reg.VecVirtual {
	base := Load(Param(param), GP64())
	if form == 'V' {
		return func(p at) reg.VecVirtual { return p.load(base) }
	}
	v := vector()
	VBROADCASTSS(Mem{Base: base}, v)
	return func(at) reg.VecVirtual { return v }
}
