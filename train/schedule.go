package train

import (
	"fmt"
	"math"
)

// Schedule scales the learning rate over a run.
type Schedule interface {
	// For is the schedule of a run of so many steps, or why it cannot be used with one.
	For(steps int) (Schedule, error)
	// Factor is the factor at step t, from 1.
	Factor(t int) float64
	// String names the schedule and its settings, for recipes and checkpoints.
	String() string
}

// Constant keeps the learning rate as it is.
type Constant struct{}

// For is the schedule itself.
func (s Constant) For(steps int) (Schedule, error) { return s, nil }

// Factor is 1.
func (Constant) Factor(t int) float64 { return 1 }

func (Constant) String() string { return "constant" }

// Cosine falls from 1 to Floor over Steps steps, and stays there (arXiv 1608.03983, eq. 5, one period):
//
//	Floor + (1-Floor)/2 * (1 + cos(pi * (t-1)/Steps))
type Cosine struct {
	Steps int     // 0 is the run's length
	Floor float64 // 0 falls to 0
}

// For fills in the run's length.
func (s Cosine) For(steps int) (Schedule, error) {
	if s.Steps == 0 {
		s.Steps = steps
	}
	if s.Steps < 1 || !(s.Floor >= 0 && s.Floor <= 1) {
		return nil, fmt.Errorf("train: cosine schedule: %d steps to a floor of %v, want a length and a floor in [0,1]: %w", s.Steps, s.Floor, ErrOptions)
	}
	return s, nil
}

// Factor is the factor at step t.
func (s Cosine) Factor(t int) float64 {
	x := min(1, float64(t-1)/float64(s.Steps))
	return s.Floor + (1-s.Floor)/2*(1+math.Cos(math.Pi*x))
}

func (s Cosine) String() string { return fmt.Sprintf("cosine(steps=%d, floor=%v)", s.Steps, s.Floor) }

// Linear falls from 1 to Floor over Steps steps, and stays there: 1 - (1-Floor) * (t-1)/Steps.
type Linear struct {
	Steps int     // 0 is the run's length
	Floor float64 // 0 falls to 0
}

// For fills in the run's length.
func (s Linear) For(steps int) (Schedule, error) {
	if s.Steps == 0 {
		s.Steps = steps
	}
	if s.Steps < 1 || !(s.Floor >= 0 && s.Floor <= 1) {
		return nil, fmt.Errorf("train: linear schedule: %d steps to a floor of %v, want a length and a floor in [0,1]: %w", s.Steps, s.Floor, ErrOptions)
	}
	return s, nil
}

// Factor is the factor at step t.
func (s Linear) Factor(t int) float64 {
	return 1 - (1-s.Floor)*min(1, float64(t-1)/float64(s.Steps))
}

func (s Linear) String() string { return fmt.Sprintf("linear(steps=%d, floor=%v)", s.Steps, s.Floor) }

// Stairs multiplies by By every Every steps.
type Stairs struct {
	Every int
	By    float64
}

// For wants a positive length and factor.
func (s Stairs) For(steps int) (Schedule, error) {
	if s.Every < 1 || !(s.By > 0) || math.IsInf(s.By, 0) {
		return nil, fmt.Errorf("train: stairs schedule: times %v every %d steps, want positive numbers: %w", s.By, s.Every, ErrOptions)
	}
	return s, nil
}

// Factor is By^floor((t-1)/Every).
func (s Stairs) Factor(t int) float64 { return math.Pow(s.By, float64((t-1)/s.Every)) }

func (s Stairs) String() string { return fmt.Sprintf("stairs(every=%d, by=%v)", s.Every, s.By) }

// InverseSqrt is 1/sqrt(t), the schedule of Adam's regret bound (arXiv 1412.6980, theorem 4.1).
type InverseSqrt struct{}

// For is the schedule itself.
func (s InverseSqrt) For(steps int) (Schedule, error) { return s, nil }

// Factor is 1/sqrt(t).
func (InverseSqrt) Factor(t int) float64 { return 1 / math.Sqrt(float64(t)) }

func (InverseSqrt) String() string { return "inverse_sqrt" }

// Warmup rises linearly to 1 over Steps steps (t/Steps at step t) and multiplies Then, which sees the run from its start.
type Warmup struct {
	Steps int
	Then  Schedule // nil is Constant{}
}

// For wants a length, and a Then that fits the run.
func (s Warmup) For(steps int) (Schedule, error) {
	if s.Steps < 0 {
		return nil, fmt.Errorf("train: warm-up: %d steps, want none or more: %w", s.Steps, ErrOptions)
	}
	if s.Then == nil {
		s.Then = Constant{}
	}
	then, err := s.Then.For(steps)
	s.Then = then
	return s, err
}

// Factor is the factor at step t.
func (s Warmup) Factor(t int) float64 {
	f := s.Then.Factor(t)
	if t < s.Steps {
		f *= float64(t) / float64(s.Steps)
	}
	return f
}

func (s Warmup) String() string { return fmt.Sprintf("warmup(steps=%d, then=%v)", s.Steps, s.Then) }
