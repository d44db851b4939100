package main

import (
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// function writes y[i] = f(x[i]).
func function(name string, f func(x reg.VecVirtual) reg.VecVirtual) {
	TEXT(name+suffix(), NOSPLIT, "func(n int, y, x *float32)")
	Pragma("noescape")
	Doc(name + suffix() + " is " + name + "32 for n elements.")
	n, y, x := Load(Param("n"), GP64()).(reg.GPVirtual), Load(Param("y"), GP64()), Load(Param("x"), GP64())
	loop(n, func(p at) { p.store(f(p.load(x)), y) })
}

// family writes a function with parameters.
func family(name string, f func(x, a, b, c reg.VecVirtual) reg.VecVirtual) {
	TEXT(name+suffix(), NOSPLIT, "func(n int, y, x *float32, a, b, c float32)")
	Pragma("noescape")
	Doc(name + suffix() + " is " + name + "32 for n elements.")
	n, y, x := Load(Param("n"), GP64()).(reg.GPVirtual), Load(Param("y"), GP64()), Load(Param("x"), GP64())
	a, b, c := broadcast("a"), broadcast("b"), broadcast("c")
	loop(n, func(p at) { p.store(f(p.load(x), a, b, c), y) })
}

func functions() {
	function("exp", exp32)
	function("log", log32)
	function("tanh", tanh32)
	function("sigmoid", sigmoid32)
	function("softplus", softplus32)
	function("erf", erf32)
	function("sqrt", func(x reg.VecVirtual) reg.VecVirtual {
		out := vector()
		VSQRTPS(x, out)
		return out
	})
	function("reciprocal", func(x reg.VecVirtual) reg.VecVirtual { return div(number(1).lift(), x) })
	function("square", func(x reg.VecVirtual) reg.VecVirtual { return mul(x, x) })
	function("cube", func(x reg.VecVirtual) reg.VecVirtual { return mul(mul(x, x), x) })
	function("neg", func(x reg.VecVirtual) reg.VecVirtual { return xor(x, signBit) })
	function("abs", abs)
	function("sign", func(x reg.VecVirtual) reg.VecVirtual {
		y := choose(compare(greater, x, number(0)), number(1).lift(), x)
		return choose(compare(less, x, number(0)), number(-1).lift(), y)
	})
	function("floor", rounded(9))
	function("ceil", rounded(10))
	function("round", rounded(8))
	function("relu", func(x reg.VecVirtual) reg.VecVirtual { return most(x, number(0).lift()) })
	function("softsign", func(x reg.VecVirtual) reg.VecVirtual { return div(x, add(abs(x), number(1))) })
	function("hardSwish", func(x reg.VecVirtual) reg.VecVirtual {
		return mul(x, within01(fma(x, number(1.0/6), number(0.5).lift())))
	})
	family("hardSigmoid", func(x, a, b, _ reg.VecVirtual) reg.VecVirtual { return within01(fma(x, a, b)) })
	family("leakyRelu", func(x, a, _, _ reg.VecVirtual) reg.VecVirtual { return choose(negativeNumber(x), mul(x, a), x) })
	family("thresholdedRelu", func(x, a, _, _ reg.VecVirtual) reg.VecVirtual {
		return choose(compare(greater, x, a), x, number(0).lift())
	})
	family("clip", func(x, a, b, _ reg.VecVirtual) reg.VecVirtual { return least(most(x, a), b) })
	family("elu", func(x, a, b, c reg.VecVirtual) reg.VecVirtual {
		z := most(least(mul(x, b), number(88).lift()), number(-25).lift())
		return choose(negativeNumber(x), mul(expm1(z), a), mul(x, c))
	})
}

func rounded(mode uint8) func(x reg.VecVirtual) reg.VecVirtual {
	return func(x reg.VecVirtual) reg.VecVirtual {
		out := vector()
		if wide {
			VRNDSCALEPS(U8(mode), x, out)
		} else {
			VROUNDPS(U8(mode), x, out)
		}
		return out
	}
}

func within01(x reg.VecVirtual) reg.VecVirtual {
	return most(least(x, number(1).lift()), number(0).lift())
}

// negativeNumber is where x < 0.
func negativeNumber(x reg.VecVirtual) mask { return compare(less, x, number(0)) }

const magic = 3 << 22

// reduced is e^x as (1 + p) 2^n, with n in the low bits of t too.
func reduced(x reg.VecVirtual) (p, n, t reg.VecVirtual) {
	hi := float64(float32(math.Ln2))
	t = fma(x, number(math.Log2E).lift(), number(magic))
	n = sub(t, number(magic))
	r := fma(n, number(-hi), x)
	r = fma(n, number(hi-math.Ln2), r)
	q := horner(r, 0.00138195127, 0.0083686905, 0.041668281, 0.166665211, 0.49999994)
	return fma(q, mul(r, r), r), n, t
}

// expm1 is e^x - 1 for x that neither overflows nor is below -87.
func expm1(x reg.VecVirtual) reg.VecVirtual {
	p, _, t := reduced(x)
	power := addInt(shiftLeft(t, 23), number(1))
	return fma(p, power, sub(power, number(1)))
}

// exponential is e^x for -104 <= x <= 89.
func exponential(x reg.VecVirtual) reg.VecVirtual {
	p, n, t := reduced(x)
	p = add(p, number(1))
	if wide {
		out := vector()
		VSCALEFPS(n, p, out)
		return out
	}
	i := subInt(t, number(magic))
	half := shiftRight(i, 1)
	p = mul(p, shiftLeft(addInt(half, constant(127)), 23))
	return mul(p, shiftLeft(addInt(subInt(i, half), constant(127)), 23))
}

func exp32(x reg.VecVirtual) reg.VecVirtual {
	return exponential(most(least(x, number(89).lift()), number(-104).lift()))
}

// decay is e^-|x|.
func decay(x reg.VecVirtual) reg.VecVirtual {
	return exponential(most(or(x, signBit), number(-104).lift()))
}

func sigmoid32(x reg.VecVirtual) reg.VecVirtual {
	e, one := decay(x), number(1).lift()
	return div(choose(negative(x), e, one), add(e, one))
}

func softplus32(x reg.VecVirtual) reg.VecVirtual {
	u := decay(x)
	q := horner(u, 0.00208454439, -0.0136916712, 0.0421148241, -0.0832389519, 0.124795295, -0.161351711, 0.198996231,
		-0.249888644, 0.333327144, -0.499999881)
	return add(most(x, number(0).lift()), fma(q, mul(u, u), u))
}

func tanh32(x reg.VecVirtual) reg.VecVirtual {
	a := abs(x)
	t := expm1(least(add(a, a), number(20).lift()))
	return or(div(t, add(t, number(2))), and(x, signBit))
}

func log32(x reg.VecVirtual) reg.VecVirtual {
	tiny := compare(less, x, number(0x1p-126))
	m := choose(tiny, mul(x, number(0x1p23)), x)
	low := choose(tiny, number(-23).lift(), number(0).lift())
	e := and(subInt(m, number(2.0/3)), constant(0xff800000))
	f := sub(subInt(m, e), number(1))
	n := vector()
	VCVTDQ2PS(e, n)
	n = fma(n, number(0x1p-23), low)
	s := mul(f, f)
	t := fma(number(0.140869141).lift(), s, number(0.139814854))
	t = fma(t, s, number(0.200120345))
	r := horner(s, -0.130310059, -0.121484190, -0.166846052, -0.249996200)
	r = fma(t, f, r)
	r = fma(r, f, number(0.333331972))
	r = fma(r, f, number(-0.5))
	r = fma(r, s, f)
	y := fma(n, number(math.Ln2), r)

	y = choose(compare(equal, x, number(0)), number(math.Inf(-1)).lift(), y)
	y = choose(negativeNumber(x), constant(0x7fc00000).lift(), y)
	return choose(compare(notLessEqual, x, number(math.MaxFloat32)), x, y)
}

func erf32(x reg.VecVirtual) reg.VecVirtual {
	s, t := mul(x, x), least(abs(x), number(4).lift())
	near := fma(horner(s, -5.96761703e-4, 4.99119423e-3, -2.67681349e-2, 1.12819925e-1, -3.76125336e-1, 1.28379166e-1), x, x)
	w := mul(t, t)
	r := fma(number(-1.72853470e-5).lift(), t, number(3.83197126e-4))
	u := fma(number(-3.88396438e-3).lift(), t, number(2.42546219e-2))
	r = fma(r, w, u)
	r = fma(r, t, number(-1.06777877e-1))
	r = fma(r, t, number(-6.34846687e-1))
	r = fma(r, t, number(-1.28717512e-1))
	r = fma(r, t, xor(t, signBit))
	far := xor(expm1(r), signBit)
	return choose(compare(greater, t, number(0.927734375)), or(far, and(x, signBit)), near)
}
