package vec

// Less is y[i] = a[i] < b[i].
func Less(y []bool, a, b []float32) { asm.less.both(less32, y, a, b) }

// LessScalar is y[i] = a[i] < b.
func LessScalar(y []bool, a []float32, b float32) { asm.less.right(less32, y, a, b) }

// LessEqual is y[i] = a[i] <= b[i].
func LessEqual(y []bool, a, b []float32) { asm.lessEqual.both(lessEqual32, y, a, b) }

// LessEqualScalar is y[i] = a[i] <= b.
func LessEqualScalar(y []bool, a []float32, b float32) { asm.lessEqual.right(lessEqual32, y, a, b) }

// GreaterScalar is y[i] = a[i] > b.
func GreaterScalar(y []bool, a []float32, b float32) { asm.greater.right(greater32, y, a, b) }

// GreaterEqualScalar is y[i] = a[i] >= b.
func GreaterEqualScalar(y []bool, a []float32, b float32) {
	asm.greaterEqual.right(greaterEqual32, y, a, b)
}

// Equal is y[i] = a[i] == b[i].
func Equal(y []bool, a, b []float32) { asm.equal.both(equal32, y, a, b) }

// EqualScalar is y[i] = a[i] == b.
func EqualScalar(y []bool, a []float32, b float32) { asm.equal.right(equal32, y, a, b) }

func less32(a, b float32) bool         { return a < b }
func lessEqual32(a, b float32) bool    { return a <= b }
func greater32(a, b float32) bool      { return a > b }
func greaterEqual32(a, b float32) bool { return a >= b }
func equal32(a, b float32) bool        { return a == b }

func (f compareAsm) both(twin func(a, b float32) bool, y []bool, a, b []float32) {
	a, b = a[:len(y)], b[:len(y)]
	if f.vv != nil {
		if len(y) > 0 {
			f.vv(len(y), &y[0], &a[0], &b[0])
		}
		return
	}
	for i := range y {
		y[i] = twin(a[i], b[i])
	}
}

func (f compareAsm) right(twin func(a, b float32) bool, y []bool, a []float32, b float32) {
	a = a[:len(y)]
	if f.vs != nil {
		if len(y) > 0 {
			f.vs(len(y), &y[0], &a[0], b)
		}
		return
	}
	for i, v := range a {
		y[i] = twin(v, b)
	}
}

// Widen is y[i] = 1 where x[i] is true, and 0 elsewhere.
func Widen(y []float32, x []bool) {
	x = x[:len(y)]
	if asm.widen != nil {
		if len(y) > 0 {
			asm.widen(len(y), &y[0], &x[0])
		}
		return
	}
	for i, v := range x {
		y[i] = 0
		if v {
			y[i] = 1
		}
	}
}

// Select is y[i] = a[i*aStep] where c[i] is true, and b[i*bStep] elsewhere. The steps are 1 or, for an operand of one
// element, 0.
func Select(y []float32, c []bool, a, b []float32, aStep, bStep int) {
	if len(y) == 0 {
		return
	}
	c, a, b = c[:len(y)], a[:(len(y)-1)*aStep+1], b[:(len(y)-1)*bStep+1]
	f := asm.selectVV
	switch {
	case aStep == 0 && bStep == 0:
		f = asm.selectSS
	case aStep == 0:
		f = asm.selectSV
	case bStep == 0:
		f = asm.selectVS
	}
	if f != nil {
		f(len(y), &y[0], &c[0], &a[0], &b[0])
		return
	}
	for i, v := range c {
		if v {
			y[i] = a[i*aStep]
		} else {
			y[i] = b[i*bStep]
		}
	}
}
