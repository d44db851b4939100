package kernel

import "github.com/elbo-ml/elbo/runtime/native/vec"

func init() {
	register(&Kernel{Op: "Where", Key: 1, Types: anyType(bindWhere[uint8], bindWhere[uint16], bindWhere[uint32], bindWhere[uint64]), InPlace: []int{1, 2},
		Loop: always(Loop{Select: vec.Select})})
}

// bindWhere is y = cond ? a : b, all three broadcast.
func bindWhere[T word](c *Call) (Task, error) {
	cond, a, b, y := c.In[0], c.In[1], c.In[2], c.Out[0]
	if y.Len() == 0 {
		return nothing, nil
	}
	s := newSpace(y.Shape, y.Shape.Strides(), broadcastStrides(cond.Shape, y.Shape), broadcastStrides(a.Shape, y.Shape), broadcastStrides(b.Shape, y.Shape))
	inner, cs, as, bs := s.inner(), s.step(1), s.step(2), s.step(3)
	row := func(from, to, outer int) {
		cv, av, bv := Data[bool](cond)[s.offset(1, outer):], Data[T](a)[s.offset(2, outer):], Data[T](b)[s.offset(3, outer):]
		yv := Data[T](y)[outer*inner:]
		for i := from; i < to; i++ {
			if cv[i*cs] {
				yv[i] = av[i*as]
			} else {
				yv[i] = bv[i*bs]
			}
		}
	}
	n, step := s.outer(), rowGrain(inner)
	body := func(lo, hi int) {
		for i := lo; i < hi; i++ {
			row(0, inner, i)
		}
	}
	if n == 1 {
		n, step = inner, grain
		body = func(lo, hi int) { row(lo, hi, 0) }
	}
	return func() error {
		c.Cores.For(n, step, body)
		return nil
	}, nil
}
