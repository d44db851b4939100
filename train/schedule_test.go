package train

import (
	"errors"
	"math"
	"testing"
)

func TestSchedules(t *testing.T) {
	tests := []struct {
		name string
		s    Schedule
		at   map[int]float64
	}{
		{"constant", Constant{}, map[int]float64{1: 1, 100: 1}},
		{"cosine starts at 1, is half way down in the middle, reaches its floor and stays", Cosine{Floor: 0.2}, map[int]float64{1: 1, 51: 0.6, 101: 0.2, 500: 0.2}},
		{"linear starts at 1, is half way down in the middle, reaches its floor and stays", Linear{Floor: 0.2}, map[int]float64{1: 1, 51: 0.6, 101: 0.2, 500: 0.2}},
		{"stairs fall after whole stretches", Stairs{Every: 10, By: 0.5}, map[int]float64{1: 1, 10: 1, 11: 0.5, 21: 0.25}},
		{"inverse root", InverseSqrt{}, map[int]float64{1: 1, 4: 0.5, 100: 0.1}},
		{"warm-up rises to 1 and leaves the rest alone", Warmup{Steps: 4, Then: InverseSqrt{}}, map[int]float64{1: 0.25, 2: 0.5 / math.Sqrt2, 4: 0.5, 9: 1.0 / 3}},
	}
	for _, tt := range tests {
		s, err := tt.s.For(100)
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		for at, want := range tt.at {
			if got := s.Factor(at); math.Abs(got-want) > 1e-12 {
				t.Errorf("%s: %v at step %d, want %v", tt.name, got, at, want)
			}
		}
	}
	for _, s := range []Schedule{Cosine{Floor: 2}, Linear{Floor: -1}, Stairs{}, Warmup{Steps: -1}, Warmup{Then: Stairs{}}} {
		if _, err := s.For(100); !errors.Is(err, ErrOptions) {
			t.Errorf("%v: For gave %v", s, err)
		}
	}
}
