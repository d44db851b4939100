package train

import (
	"errors"
	"fmt"
	"math"
)

// ErrOptions is wrapped by every error about options that cannot be used.
var ErrOptions = errors.New("options cannot be used")

// Zero stands for the number 0 in an optimiser's field whose zero value means the paper's default: Adam{Beta1: Zero}.
const Zero = -1

// Optimizer is an update rule and its settings. A rule works on each number alone, so that a step may be split at any
// place and among any number of threads and gives the same bits.
type Optimizer interface {
	// Name is "adam", "adamax", "adagrad", "adadelta", "sgd" or "rmsprop".
	Name() string
	// Rate is the learning rate before the schedule scales it.
	Rate() float64
	// State names the tensors the rule keeps for each parameter, of its type and shape. They start as zeros.
	State() []string
	// Check reports a setting that cannot be used.
	Check() error
	// String names the rule and all its settings, defaults filled in, for recipes and checkpoints.
	String() string

	// Update32 and Update64 make update t (from 1) with the given learning rate, in place, on a run of elements of one
	// parameter: p are the weights, g their gradient, state the tensors that State names. All have one length.
	Update32(t int, rate float64, p, g []float32, state [][]float32)
	Update64(t int, rate float64, p, g []float64, state [][]float64)
}

// float are the types of the master weights.
type float interface{ float32 | float64 }

// or is the setting v, the paper's default where it is unset, and 0 where it is Zero.
func or(v, unset float64) float64 {
	switch v {
	case 0:
		return unset
	case Zero:
		return 0
	}
	return v
}

// rateInRange checks a learning rate: unset or positive.
func rateInRange(rule string, v float64) error {
	if v == 0 || v > 0 && v <= math.MaxFloat64 {
		return nil
	}
	return fmt.Errorf("train: %s: the learning rate is %v, want a positive number: %w", rule, v, ErrOptions)
}

// inRange checks one setting of an optimiser; Zero and unset always pass.
func inRange(rule, name string, v, lo, hi float64) error {
	if v == 0 || v == Zero || v >= lo && v < hi {
		return nil
	}
	return fmt.Errorf("train: %s: %s is %v, want %v to %v: %w", rule, name, v, lo, hi, ErrOptions)
}
