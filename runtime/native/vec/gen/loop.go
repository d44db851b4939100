package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// at is the place in a loop: element index of every operand, and which lanes there are.
type at struct {
	index reg.GPVirtual
	left  reg.GPVirtual // lanes of the tail
	tail  mask          // nil where all lanes count
}

// loop writes body for whole vectors of the n elements and again for the lanes of the last one that is not whole.
func loop(n reg.GPVirtual, body func(p at)) {
	whole, p := GP64(), at{index: GP64()}
	XORQ(p.index, p.index)
	MOVQ(n, whole)
	ANDQ(I8(-lanes()), whole)
	JZ(LabelRef("tail"))
	Label("loop")
	body(p)
	ADDQ(U8(lanes()), p.index)
	CMPQ(p.index, whole)
	JNE(LabelRef("loop"))
	Label("tail")
	SUBQ(whole, n)
	JZ(LabelRef("done"))
	p.left, p.tail = n, lanesBelow(n)
	body(p)
	Label("done")
	VZEROUPPER()
	RET()
}

var tails *Mem

// lanesBelow is the mask of the first n lanes, n less than there are.
func lanesBelow(n reg.GPVirtual) mask {
	if wide {
		bits, k := GP32(), K()
		MOVL(I32(-1), bits)
		BZHIL(n.As32(), bits, bits)
		KMOVW(bits, k)
		return k
	}
	if tails == nil {
		m := GLOBL("tails", RODATA|NOPTR)
		for i := range 16 {
			DATA(4*i, I32(min(i/8, 1)-1))
		}
		tails = &m
	}
	base, back, m := GP64(), GP64(), YMM()
	LEAQ(*tails, base)
	MOVQ(n, back)
	NEGQ(back)
	VMOVUPS(Mem{Base: base, Index: back, Scale: 4, Disp: 32}, m)
	return m
}

func (p at) floats(base reg.Register) Mem { return Mem{Base: base, Index: p.index, Scale: 4} }
func (p at) bools(base reg.Register) Mem  { return Mem{Base: base, Index: p.index, Scale: 1} }

// load reads a vector; the lanes beyond the end are 0.
func (p at) load(base reg.Register) reg.VecVirtual {
	v := vector()
	switch {
	case p.tail == nil:
		VMOVUPS(p.floats(base), v)
	case wide:
		VMOVUPS_Z(p.floats(base), p.tail, v)
	default:
		VMASKMOVPS(p.floats(base), p.tail, v)
	}
	return v
}

func (p at) store(v reg.VecVirtual, base reg.Register) {
	switch {
	case p.tail == nil:
		VMOVUPS(v, p.floats(base))
	case wide:
		VMOVUPS(v, p.tail, p.floats(base))
	default:
		VMASKMOVPS(v, p.tail, p.floats(base))
	}
}

// bytes reads as many bytes as there are lanes into the low part of a register; those beyond the end are 0.
func (p at) bytes(base reg.Register) reg.VecVirtual {
	v := XMM()
	switch {
	case p.tail == nil && wide:
		VMOVDQU(p.bools(base), v)
	case p.tail == nil:
		VMOVQ(p.bools(base), v)
	case wide:
		VMOVDQU8_Z(p.bools(base), p.tail, v)
	default:
		word, one, i, from := GP64(), GP64(), GP64(), GP64()
		XORQ(word, word)
		MOVQ(p.left, i)
		LEAQ(p.bools(base), from)
		again := fresh("byte")
		Label(again)
		SHLQ(U8(8), word)
		MOVBQZX(Mem{Base: from, Index: i, Scale: 1, Disp: -1}, one)
		ORQ(one, word)
		DECQ(i)
		JNZ(LabelRef(again))
		VMOVQ(word, v)
	}
	return v
}

// truths reads bools.
func (p at) truths(base reg.Register) mask {
	b := p.bytes(base)
	if wide {
		k := K()
		VPTESTMB(b, b, k)
		return k
	}
	v := YMM()
	VPMOVZXBD(b, v)
	return shiftLeft(v, 31)
}

// storeTruths writes bools.
func (p at) storeTruths(m mask, base reg.Register) {
	ones, b := constant(0x01010101).words(), XMM()
	if wide {
		one := XMM()
		VBROADCASTSS(ones, one)
		VMOVDQU8_Z(one, m, b)
		if p.tail == nil {
			VMOVDQU(b, p.bools(base))
		} else {
			VMOVDQU8(b, p.tail, p.bools(base))
		}
		return
	}
	v := m.(reg.VecVirtual)
	VEXTRACTF128(U8(1), v, b)
	VPACKSSDW(b, v.AsX(), b)
	VPACKSSWB(b, b, b)
	VPAND(ones, b, b)
	if p.tail == nil {
		VMOVQ(b, p.bools(base))
		return
	}
	word, i, to := GP64(), GP64(), GP64()
	VMOVQ(b, word)
	MOVQ(p.left, i)
	LEAQ(p.bools(base), to)
	again := fresh("byte")
	Label(again)
	MOVB(word.As8(), Mem{Base: to})
	SHRQ(U8(8), word)
	INCQ(to)
	DECQ(i)
	JNZ(LabelRef(again))
}

var labels int

// fresh is a label that no other has.
func fresh(name string) string {
	labels++
	return name + string(rune('a'+labels%26)) + string(rune('a'+labels/26%26))
}
