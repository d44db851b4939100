// Package runtime holds the contract of the engines and the noise they are fed.
//
// Two engines implement it: runtime/native, in Go, always there; and runtime/ort, ONNX Runtime through cgo, used when
// its library is found. Same inputs, same answer within a stated tolerance.
package runtime

import (
	"context"
	"errors"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/tensor"
)

// Sentinel errors for what callers branch on.
var (
	// ErrUnavailable: the engine, its library or its execution provider cannot be used here; the message says why.
	ErrUnavailable = errors.New("not available")
	// ErrClosed: the program has been closed.
	ErrClosed = errors.New("closed")
	// ErrInput: a tensor does not fit the program's input or output.
	ErrInput = errors.New("input does not fit")
)

// Options say how a program is to run.
type Options struct {
	// Threads bounds the cores one run uses; 0 means all that the process may use.
	Threads int
	// Provider is ONNX Runtime's execution provider: cpu, cuda, tensorrt, coreml, directml, webgpu or auto ("" is cpu).
	// The native engine has only cpu.
	Provider string
}

// Engine compiles graphs into programs. Engines are safe for concurrent use.
type Engine interface {
	// Name is "native" or "ort".
	Name() string
	// Version tells the engine's version and, for the native engine, the instruction set in use.
	Version() string
	// Compile plans g for running. The program does not keep a reference to g's nodes, but it may read the tensors of
	// weights and constants as they were when it was compiled: after changing weights, compile again.
	Compile(g *graph.Graph, o Options) (Program, error)
}

// ModelCompiler is an engine that also runs ONNX models as their bytes stand, with what elbo itself does not know.
type ModelCompiler interface {
	CompileModel(name string, model []byte, o Options) (Program, error)
}

// Port is an input or an output of a program.
type Port struct {
	Name  string
	Kind  tensor.Kind // a tensor, unless it says otherwise
	DType tensor.DType
	Shape graph.Shape
}

// Program is a compiled graph. It is safe for concurrent Run; each run borrows a workspace.
type Program interface {
	// Inputs and Outputs are in the graph's order.
	Inputs() []Port
	Outputs() []Port

	// Run computes the outputs. in and out are positional. A nil entry of out is replaced by a new tensor; any other
	// must have the output's type and shape and is written in place. Neither slice nor the tensors are kept.
	// After warm-up on a shape the native engine makes no heap allocation when no entry of out is nil.
	Run(ctx context.Context, in, out []*tensor.Tensor) error

	// Close frees the program. It may be called twice and waits for the runs in flight.
	Close() error
}

// ValueProgram is a Program that also takes and gives sequences and optionals, for which Run has no place.
type ValueProgram interface {
	Program
	// RunValues computes the outputs. in is positional. It allocates the results.
	RunValues(ctx context.Context, in []tensor.Value) ([]tensor.Value, error)
}
