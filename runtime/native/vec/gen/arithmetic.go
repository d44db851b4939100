package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// arithmetic writes y = a op b for two slices, for a slice and a number, and where that differs for a number and a slice.
func arithmetic(name string, op func(...Op), commutes bool) {
	TEXT(name+"AVX2", NOSPLIT, "func(n int, y, a, b *float32)")
	Pragma("noescape")
	Doc(name + "AVX2 is " + name + "Go for n elements, a positive multiple of 8.")
	n := Load(Param("n"), GP64())
	y, a, b := Load(Param("y"), GP64()), Load(Param("a"), GP64()), Load(Param("b"), GP64())
	loop(n, 8, []reg.Register{y, a, b}, func(at []Mem) {
		v := YMM()
		VMOVUPS(at[1], v)
		op(at[2], v, v)
		VMOVUPS(v, at[0])
	})

	for _, left := range []bool{false, true} {
		form, doc := "Scalar", "a number on the right"
		if left && commutes {
			continue
		}
		if left {
			form, doc = "ScalarLeft", "a number on the left"
		}
		TEXT(name+form+"AVX2", NOSPLIT, "func(n int, y, a *float32, b float32)")
		Pragma("noescape")
		Doc(name + form + "AVX2 is " + name + "Go with " + doc + ", b, for n elements, a positive multiple of 8.")
		n := Load(Param("n"), GP64())
		y, a := Load(Param("y"), GP64()), Load(Param("a"), GP64())
		s := broadcast("b")
		loop(n, 8, []reg.Register{y, a}, func(at []Mem) {
			v := YMM()
			if left {
				op(at[1], s, v)
			} else {
				VMOVUPS(at[1], v)
				op(s, v, v)
			}
			VMOVUPS(v, at[0])
		})
	}
}

// broadcast loads a float32 parameter into every lane.
func broadcast(param string) reg.VecVirtual {
	v := YMM()
	p, err := Param(param).Resolve()
	if err != nil {
		panic(err)
	}
	VBROADCASTSS(p.Addr, v)
	return v
}
