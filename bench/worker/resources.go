package worker

import (
	"context"
	"errors"
	"fmt"
	"os"
	goruntime "runtime"
	"runtime/debug"
	"strings"
	"sync/atomic"

	"github.com/elbo-ml/elbo/bench/model"
	"github.com/elbo-ml/elbo/bench/side"
	"github.com/elbo-ml/elbo/runtime/native"
	"github.com/elbo-ml/elbo/train"
	"github.com/elbo-ml/elbo/train/data"
)

// warm is the number of steps before anything is measured, and watched how many are.
const warm, watched = 20, 100

// watch is a source that calls a function when a minibatch is read: the loop that trains is left alone.
type watch struct {
	data.Source
	reads atomic.Int64
	on    func(read int64)
}

func (w *watch) Read(ctx context.Context, rows []int, dst []float32) error {
	w.on(w.reads.Add(1))
	return w.Source.Read(ctx, rows, dst)
}

// resource is a task that is only checked: Check trains for a while and gives what was measured.
type resource func() ([]float32, error)

func (r resource) Check() ([]float32, error) { return r() }
func (resource) Run() error                  { return errors.New("not a task to be timed") }
func (resource) Close()                      {}

// newAllocations takes MODEL THREADS. It gives the heap allocations of a step of train.Fit on the native engine, the mean
// over many steps rounded down, as testing.AllocsPerRun has it: the Go runtime itself allocates now and then.
func newAllocations(args []string) (side.Task, error) {
	var name string
	var threads int
	if err := scan(args, &name, &threads); err != nil {
		return nil, err
	}
	return resource(func() ([]float32, error) {
		m, err := model.New(name)
		if err != nil {
			return nil, err
		}
		var before, after goruntime.MemStats
		err = fitFor(m, threads, func(read int64) {
			switch read {
			case warm:
				goruntime.ReadMemStats(&before)
			case warm + watched:
				goruntime.ReadMemStats(&after)
			}
		})
		return []float32{float32((after.Mallocs - before.Mallocs) / watched)}, err
	}), nil
}

// newMemory takes MODEL THREADS. It gives the peak of the process's anonymous memory over steps of train.Fit on the native
// engine beyond what it held before the model was made, in bytes; and the sum of weights, optimiser state and live
// activations.
func newMemory(args []string) (side.Task, error) {
	var name string
	var threads int
	if err := scan(args, &name, &threads); err != nil {
		return nil, err
	}
	return resource(func() ([]float32, error) {
		sample, err := model.New(name)
		if err != nil {
			return nil, err
		}
		needed, err := model.Needed(sample)
		if err != nil {
			return nil, err
		}
		source := sample.Data
		sample = nil
		debug.FreeOSMemory()
		baseline, err := memory("RssAnon")
		if err != nil {
			return nil, err
		}
		m, err := model.New(name)
		if err != nil {
			return nil, err
		}
		m.Data = source
		var reset, read1, read2 error
		var peak, mapped float64
		err = fitFor(m, threads, func(read int64) {
			switch read {
			case warm:
				// What building and planning left is given back, and the kernel's high-water mark starts anew.
				debug.FreeOSMemory()
				reset = os.WriteFile("/proc/self/clear_refs", []byte("5"), 0)
			case warm + watched:
				peak, read1 = memory("VmHWM")
				mapped, read2 = memory("RssFile")
			}
		})
		return []float32{float32(peak - mapped - baseline), float32(needed)}, errors.Join(err, reset, read1, read2)
	}), nil
}

// fitFor trains for a while and calls on with the number of each minibatch read.
func fitFor(m *model.Trained, threads int, on func(read int64)) error {
	o := Options(m)
	o.Engine, o.Threads, o.MaxSteps = native.New(), threads, warm+watched+10
	_, err := train.Fit(context.Background(), m, &watch{Source: m.Data, on: on}, o)
	return err
}

// memory reads a line of /proc/self/status, in bytes.
func memory(key string) (float64, error) {
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, key+":"); ok {
			var kib float64
			_, err := fmt.Sscan(rest, &kib)
			return 1024 * kib, err
		}
	}
	return 0, fmt.Errorf("/proc/self/status does not tell %s", key)
}
