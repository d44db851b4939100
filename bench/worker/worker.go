// Package worker does elbo's own tasks and gonum's, in the program's own executable started once more.
package worker

import (
	"fmt"

	"github.com/elbo-ml/elbo/bench/side"
)

// tasks by name; each takes the arguments that its comment lists.
var tasks = map[string]func(args []string) (side.Task, error){
	"fit":         newFit,
	"sgemm":       newSgemm,
	"gonum":       newGonum,
	"program":     newProgram,
	"sample":      newSample,
	"normals":     newNormals,
	"uniforms":    newUniforms,
	"square":      newSquare,
	"allocations": newAllocations,
	"memory":      newMemory,
}

// Open opens a task, for side.Serve.
func Open(task string, args []string) (side.Task, error) {
	open := tasks[task]
	if open == nil {
		return nil, fmt.Errorf("no task is called %q", task)
	}
	return open(args)
}

// scan reads arguments into pointers to int and string.
func scan(args []string, into ...any) error {
	if len(args) != len(into) {
		return fmt.Errorf("%d arguments where %d are wanted", len(args), len(into))
	}
	for i, a := range args {
		if _, err := fmt.Sscan(a, into[i]); err != nil {
			return fmt.Errorf("argument %q: %w", a, err)
		}
	}
	return nil
}
