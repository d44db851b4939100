package kernel

import "math"

func init() { register(&Kernel{Op: "Det", Types: floats(bindDet[float32], bindDet[float64])}) }

// bindDet is the determinant of each matrix, by elimination with the largest pivot of each column, in float64.
func bindDet[T Float](c *Call) (Task, error) {
	x, y := c.In[0], c.Out[0]
	n := x.Shape[len(x.Shape)-1]
	a := make([]float64, n*n)
	return func() error {
		for m := range y.Len() {
			for i, v := range Data[T](x)[m*n*n : (m+1)*n*n] {
				a[i] = float64(v)
			}
			Data[T](y)[m] = T(determinant(a, n))
		}
		return nil
	}, nil
}

func determinant(a []float64, n int) float64 {
	det := 1.0
	for k := range n {
		pivot := k
		for i := k + 1; i < n; i++ {
			if math.Abs(a[i*n+k]) > math.Abs(a[pivot*n+k]) {
				pivot = i
			}
		}
		p := a[pivot*n+k]
		if p == 0 {
			return 0
		}
		if pivot != k {
			det = -det
			for j := range n {
				a[k*n+j], a[pivot*n+j] = a[pivot*n+j], a[k*n+j]
			}
		}
		det *= p
		for i := k + 1; i < n; i++ {
			f := a[i*n+k] / p
			for j := k; j < n; j++ {
				a[i*n+j] -= f * a[k*n+j]
			}
		}
	}
	return det
}
