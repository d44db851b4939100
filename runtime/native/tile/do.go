package tile

import "github.com/elbo-ml/elbo/runtime/native/kernel"

// do computes y from the pieces of its operands.
func (in *instruction) do(y *piece, now []piece) {
	l := in.loop
	a := &now[in.args[0]]
	switch {
	case l.Unary != nil:
		if a.scalar {
			l.Unary(y.f[:1], a.f)
			fill(y.f[1:], y.f[0])
			return
		}
		l.Unary(y.f, a.f)
	case l.Binary != nil:
		b := &now[in.args[1]]
		binary(l.Binary, y.f, a.f, b.f, a.scalar, b.scalar)
	case l.Compare != nil:
		b := &now[in.args[1]]
		binary(l.Compare, y.b, a.f, b.f, a.scalar, b.scalar)
	case l.Logic != nil:
		b := &now[in.args[1]]
		binary(l.Logic, y.b, a.b, b.b, a.scalar, b.scalar)
	case l.Not != nil:
		if a.scalar {
			l.Not(y.b[:1], a.b)
			fill(y.b[1:], y.b[0])
			return
		}
		l.Not(y.b, a.b)
	case l.Widen != nil:
		if a.scalar {
			l.Widen(y.f[:1], a.b)
			fill(y.f[1:], y.f[0])
			return
		}
		l.Widen(y.f, a.b)
	case l.Select != nil:
		in.choose(y, a, &now[in.args[1]], &now[in.args[2]])
	case a.scalar:
		fill(y.f, a.f[0])
	default:
		copy(y.f, a.f)
	}
}

func (in *instruction) choose(y, c, a, b *piece) {
	if !c.scalar {
		in.loop.Select(y.f, c.b, a.f, b.f, step(a), step(b))
		return
	}
	if !c.b[0] {
		a = b
	}
	if a.scalar {
		fill(y.f, a.f[0])
	} else {
		copy(y.f, a.f)
	}
}

func step(p *piece) int {
	if p.scalar {
		return 0
	}
	return 1
}

func binary[A, Y any](op *kernel.Binary[A, Y], y []Y, a, b []A, aScalar, bScalar bool) {
	switch {
	case aScalar && bScalar:
		op.VS(y[:1], a, b[0])
		fill(y[1:], y[0])
	case aScalar:
		op.SV(y, a[0], b)
	case bScalar:
		op.VS(y, a, b[0])
	default:
		op.VV(y, a, b)
	}
}

func fill[T any](dst []T, v T) {
	for i := range dst {
		dst[i] = v
	}
}
