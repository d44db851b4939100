package train

import (
	"fmt"
	"math"
)

// Schedule scales the learning rate over a run.
type Schedule interface {
	// Factor is the factor at step t (from 1) of total; total is 0 when the run has no end.
	Factor(t, total int) float64
	// Check reports a setting that cannot be used with a run of total steps.
	Check(total int) error
}

// Constant keeps the learning rate as it is.
type Constant struct{}

// Factor is 1.
func (Constant) Factor(t, total int) float64 { return 1 }

// Check is nil.
func (Constant) Check(total int) error { return nil }

// Cosine falls from 1 to Floor over Steps steps, and stays there: (arXiv 1608.03983, eq. 5, one period)
//
//	Floor + (1-Floor)/2 * (1 + cos(pi * (t-1)/Steps))
type Cosine struct {
	Steps int     // 0 is the run's length
	Floor float64 // 0 ends at 0
}

// Factor is the factor at step t.
func (s Cosine) Factor(t, total int) float64 {
	n := s.Steps
	if n == 0 {
		n = total
	}
	x := min(1, float64(t-1)/float64(n))
	return s.Floor + (1-s.Floor)/2*(1+math.Cos(math.Pi*x))
}

// Check wants a length and a Floor in [0,1].
func (s Cosine) Check(total int) error {
	if s.Steps < 0 || s.Floor < 0 || s.Floor > 1 {
		return fmt.Errorf("train: cosine schedule: %d steps to a floor of %v, want a length and a floor in [0,1]: %w", s.Steps, s.Floor, ErrOptions)
	}
	return nil
}

// Stairs multiplies by Factor every Every steps.
type Stairs struct {
	Every int
	By    float64
}

// Factor is By^floor((t-1)/Every).
func (s Stairs) Factor(t, total int) float64 { return math.Pow(s.By, float64((t-1)/s.Every)) }

// Check wants a positive length and factor.
func (s Stairs) Check(total int) error {
	if s.Every < 1 || !(s.By > 0) || math.IsInf(s.By, 0) {
		return fmt.Errorf("train: step schedule: times %v every %d steps, want positive numbers: %w", s.By, s.Every, ErrOptions)
	}
	return nil
}

// InverseSqrt is 1/sqrt(t), the schedule of Adam's regret bound (arXiv 1412.6980, theorem 4.1).
type InverseSqrt struct{}

// Factor is 1/sqrt(t).
func (InverseSqrt) Factor(t, total int) float64 { return 1 / math.Sqrt(float64(t)) }

// Check is nil.
func (InverseSqrt) Check(total int) error { return nil }

// Warmup rises linearly to 1 over Steps steps (t/Steps at step t), and multiplies Then, which sees the run from its start.
type Warmup struct {
	Steps int
	Then  Schedule // nil is Constant{}
}

// Factor is the factor at step t.
func (s Warmup) Factor(t, total int) float64 {
	f := 1.0
	if s.Then != nil {
		f = s.Then.Factor(t, total)
	}
	if t < s.Steps {
		f *= float64(t) / float64(s.Steps)
	}
	return f
}

// Check wants a length, and a Then that can be used.
func (s Warmup) Check(total int) error {
	if s.Steps < 0 {
		return fmt.Errorf("train: warm-up: %d steps, want none or more: %w", s.Steps, ErrOptions)
	}
	if s.Then != nil {
		return s.Then.Check(total)
	}
	return nil
}
