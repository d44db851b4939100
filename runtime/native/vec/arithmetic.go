package vec

// Add is y[i] = a[i] + b[i].
func Add(y, a, b []float32) { asm.add.both(add32, y, a, b) }

// AddScalar is y[i] = a[i] + b.
func AddScalar(y, a []float32, b float32) { asm.add.right(add32, y, a, b) }

// Sub is y[i] = a[i] - b[i].
func Sub(y, a, b []float32) { asm.sub.both(sub32, y, a, b) }

// SubScalar is y[i] = a[i] - b.
func SubScalar(y, a []float32, b float32) { asm.sub.right(sub32, y, a, b) }

// ScalarSub is y[i] = a - b[i].
func ScalarSub(y []float32, a float32, b []float32) { asm.sub.left(sub32, y, a, b) }

// Mul is y[i] = a[i] * b[i].
func Mul(y, a, b []float32) { asm.mul.both(mul32, y, a, b) }

// MulScalar is y[i] = a[i] * b.
func MulScalar(y, a []float32, b float32) { asm.mul.right(mul32, y, a, b) }

// Div is y[i] = a[i] / b[i].
func Div(y, a, b []float32) { asm.div.both(div32, y, a, b) }

// DivScalar is y[i] = a[i] / b.
func DivScalar(y, a []float32, b float32) { asm.div.right(div32, y, a, b) }

// ScalarDiv is y[i] = a / b[i].
func ScalarDiv(y []float32, a float32, b []float32) { asm.div.left(div32, y, a, b) }

// Min is y[i] = min(a[i], b[i]), NaN where either is.
func Min(y, a, b []float32) { asm.min.both(min32, y, a, b) }

// MinScalar is y[i] = min(a[i], b).
func MinScalar(y, a []float32, b float32) { asm.min.right(min32, y, a, b) }

// Max is y[i] = max(a[i], b[i]), NaN where either is.
func Max(y, a, b []float32) { asm.max.both(max32, y, a, b) }

// MaxScalar is y[i] = max(a[i], b).
func MaxScalar(y, a []float32, b float32) { asm.max.right(max32, y, a, b) }

// PRelu is y[i] = slope[i]*x[i] where x[i] < 0, and x[i] elsewhere.
func PRelu(y, x, slope []float32) { asm.prelu.both(prelu32, y, x, slope) }

// PReluScalar is PRelu with one slope.
func PReluScalar(y, x []float32, slope float32) { asm.prelu.right(prelu32, y, x, slope) }

// ScalarPRelu is PRelu of one number by many slopes.
func ScalarPRelu(y []float32, x float32, slope []float32) { asm.prelu.left(prelu32, y, x, slope) }

// AddScaled is y[i] += a * x[i], rounded twice.
func AddScaled(y, x []float32, a float32) {
	x = x[:len(y)]
	if asm.addScaled != nil {
		if len(y) > 0 {
			asm.addScaled(len(y), &y[0], &x[0], a)
		}
		return
	}
	for i, v := range x {
		y[i] += float32(a * v)
	}
}

// Every is y[i] = x[i*step].
func Every(y, x []float32, step int) {
	if len(y) == 0 {
		return
	}
	x = x[:(len(y)-1)*step+1]
	done := 0
	if step == 2 && asm.everySecond != nil {
		if done = (len(y) - 1) &^ 7; done > 0 { // the last element's neighbour may lie beyond x
			asm.everySecond(done, &y[0], &x[0])
		}
	}
	for i := done; i < len(y); i++ {
		y[i] = x[i*step]
	}
}

func add32(a, b float32) float32 { return a + b }
func sub32(a, b float32) float32 { return a - b }
func mul32(a, b float32) float32 { return a * b }
func div32(a, b float32) float32 { return a / b }
func min32(a, b float32) float32 { return min(a, b) }
func max32(a, b float32) float32 { return max(a, b) }

func prelu32(x, slope float32) float32 { return leakyRelu32(x, slope, 0, 0) }

func (f binaryAsm) both(twin func(a, b float32) float32, y, a, b []float32) {
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

func (f binaryAsm) right(twin func(a, b float32) float32, y, a []float32, b float32) {
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

func (f binaryAsm) left(twin func(a, b float32) float32, y []float32, a float32, b []float32) {
	b = b[:len(y)]
	if f.sv != nil {
		if len(y) > 0 {
			f.sv(len(y), &y[0], &b[0], a)
		}
		return
	}
	for i, v := range b {
		y[i] = twin(a, v)
	}
}
