package svm

import (
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/optimize"

	"github.com/elbo-ml/elbo/tensor"
)

// clouds are n rows around three corners, which overlap.
func clouds(n int, spread float64) (*tensor.Tensor, []int) {
	x, y := tensor.New(tensor.Float32, n, 3), make([]int, n)
	rng := rand.New(rand.NewPCG(1, 2))
	for i := range n {
		y[i] = i % 3
		row := tensor.Data[float32](x)[3*i : 3*i+3]
		for j := range row {
			row[j] = float32(5 + spread*rng.NormFloat64())
		}
		row[y[i]] += 2
	}
	return x, y
}

// The dual's hyperplane minimises the primal objective, which gonum minimises by another method.
func TestHyperplaneMinimisesThePrimal(t *testing.T) {
	x, y := clouds(60, 1)
	for _, c := range []float64{0.01, 1, 5} {
		m, err := Train(x, y, 3, Options{C: c, Seed: 4})
		if err != nil {
			t.Fatal(err)
		}
		for class := range 3 {
			primal := func(w []float64) float64 {
				sum := dot(w, w) / 2
				for i := range y {
					sign := -1.0
					if y[i] == class {
						sign = 1
					}
					loss := max(0, 1-sign*dot(w, m.row(x, i)))
					sum += c * loss * loss
				}
				return sum
			}
			best, err := optimize.Minimize(optimize.Problem{Func: primal}, make([]float64, 4), &optimize.Settings{FuncEvaluations: 20000}, &optimize.NelderMead{})
			if err != nil {
				t.Fatal(err)
			}
			if got := primal(m.plane(class)); got > best.F+1e-3*math.Abs(best.F) {
				t.Errorf("C %v, class %d: the objective is %v, another method reaches %v", c, class, got, best.F)
			}
		}
	}
}

func TestClassesApartAreToldApart(t *testing.T) {
	x, y := clouds(90, 0.2)
	m, err := Train(x, y, 3, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if e := m.Error(x, y); e != 0 {
		t.Errorf("%v %% of what it has seen is wrong", e)
	}
	wide, classes := clouds(300, 1)
	if m, err = Train(wide, classes, 3, Options{}); err != nil {
		t.Fatal(err)
	}
	if e := m.Error(wide, classes); !(e > 5 && e < 30) {
		t.Errorf("%v %% of overlapping clouds is wrong", e)
	}
}

func TestWrongInput(t *testing.T) {
	x, y := clouds(6, 1)
	for name, f := range map[string]func() error{
		"a class too many": func() error { _, err := Train(x, y, 2, Options{}); return err },
		"a class too few":  func() error { _, err := Train(x, y[:5], 3, Options{}); return err },
		"a negative C":     func() error { _, err := Train(x, y, 3, Options{C: -1}); return err },
		"no rows":          func() error { _, err := Train(tensor.New(tensor.Float32, 0, 3), nil, 3, Options{}); return err },
	} {
		if f() == nil {
			t.Errorf("%s: trained", name)
		}
	}
}

// Two long clouds side by side, and a label at the wrong end of each: the line between the labels cuts both clouds, the gap
// that the rows without labels show does not.
func TestTransductionFindsTheGap(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	x, y := tensor.New(tensor.Float32, 400, 2), make([]int, 400)
	for i := range 400 {
		y[i] = i % 2
		row := tensor.Data[float32](x)[2*i : 2*i+2]
		row[0] = float32(float64(2*y[i]-1) + 0.2*rng.NormFloat64())
		row[1] = float32(3 * rng.NormFloat64())
	}
	labelled := tensor.New(tensor.Float32, 2, 2)
	copy(tensor.Data[float32](labelled), []float32{-1, -1, 1, 1})
	plain, err := Train(labelled, []int{0, 1}, 2, Options{C: 10})
	if err != nil {
		t.Fatal(err)
	}
	m, err := Transduce(labelled, []int{0, 1}, x, 2, Options{C: 10})
	if err != nil {
		t.Fatal(err)
	}
	if before, after := plain.Error(x, y), m.Error(x, y); before < 10 || after > 1 {
		t.Errorf("the labels alone leave %v %% wrong, with the other rows it is %v %%", before, after)
	}
	if _, err := Transduce(labelled, []int{0, 1}, tensor.New(tensor.Float32, 3, 5), 2, Options{}); err == nil {
		t.Error("rows of another size are taken")
	}
}
