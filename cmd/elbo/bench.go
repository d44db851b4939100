package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	goruntime "runtime"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/elbo-ml/elbo/cmd/elbo/latency"
	"github.com/elbo-ml/elbo/models"
	"github.com/elbo-ml/elbo/runtime"
	"github.com/elbo-ml/elbo/runtime/engines"
	"github.com/elbo-ml/elbo/tensor/atomicfile"
)

// benchFlags say what is timed.
type benchFlags struct {
	engine   string
	provider string
	batches  []int
	threads  []int
	train    bool
	time     time.Duration
	out      string
	plot     string
}

// timing is a row of a benchmark: what one run on so many rows takes.
type timing struct {
	Part    string `json:"part"`
	Engine  string `json:"engine"`
	Threads int    `json:"threads"`
	Batch   int    `json:"batch"`
	Runs    int    `json:"runs"`
	// Min, P50, P90 and P99 are in milliseconds.
	Min float64 `json:"min_ms"`
	P50 float64 `json:"p50_ms"`
	P90 float64 `json:"p90_ms"`
	P99 float64 `json:"p99_ms"`
	// Rows is how many rows a second the median run makes.
	Rows float64 `json:"rows_per_second"`
}

// benchmark is all that elbo bench has found.
type benchmark struct {
	Bundle  string            `json:"bundle"`
	OS      string            `json:"os"`
	Arch    string            `json:"arch"`
	Cores   int               `json:"cores"`
	Engines map[string]string `json:"engines"`            // versions, by name
	LeftOut map[string]string `json:"left_out,omitempty"` // why, by name
	Timings []timing          `json:"timings"`
}

func (a *app) benchCommand() *cobra.Command {
	var f benchFlags
	cmd := &cobra.Command{
		Use:   "bench BUNDLE",
		Short: "Time a model by batch size, threads and engine",
		Long: `Bench runs the encoder and the decoder of a model, and with --train whole training steps (reading, noise, gradients,
Adam), on random data, and reports the latency of a run and the rows it makes a second at the median. The engines, thread
counts and batch sizes of a table take turns in short bursts, in an order that is drawn anew for each round, so that a
slow second of the machine falls on all of them alike. The bundle stays as it is.`,
		Example: `  elbo bench builtin:mnist
  elbo bench vae.elbo --batch 1,100 --threads 1 --engine native --train --time 5s
  elbo bench builtin:mnist --plot bench.png --out bench.json`,
		Args: exactly("BUNDLE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := f.check(); err != nil {
				return err
			}
			return a.bench(cmd.Context(), args[0], &f)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&f.engine, "engine", "both", "what runs the model: native, ort (ONNX Runtime) or both")
	flags.StringVar(&f.provider, "provider", "cpu", "ONNX Runtime's execution provider: cpu, cuda, tensorrt, coreml, directml, webgpu or auto")
	flags.IntSliceVar(&f.batches, "batch", []int{1, 8, 100, 1000}, "rows of a run")
	flags.IntSliceVar(&f.threads, "threads", threadCounts(goruntime.GOMAXPROCS(0)), "threads of a run")
	flags.BoolVar(&f.train, "train", false, "time training steps too")
	flags.DurationVar(&f.time, "time", 10*time.Second, "how long to measure for each table")
	flags.StringVar(&f.out, "out", "", "write the results to this .json file as well")
	flags.StringVar(&f.plot, "plot", "", "draw the results to this .png or .svg file")
	fixed(cmd, "engine", "native", "ort", "both")
	fixed(cmd, "provider", "cpu", "cuda", "tensorrt", "coreml", "directml", "webgpu", "auto")
	a.profiled(cmd)
	return cmd
}

// maxBenchBatch keeps a slip of the finger from taking all memory.
const maxBenchBatch = 1 << 16

// threadCounts are 1, 2, 4 and so on, and n.
func threadCounts(n int) []int {
	var counts []int
	for k := 1; k < n; k *= 2 {
		counts = append(counts, k)
	}
	return append(counts, n)
}

func (f *benchFlags) check() error {
	for _, list := range []struct {
		flag   string
		values *[]int
	}{{"batch", &f.batches}, {"threads", &f.threads}} {
		if len(*list.values) == 0 {
			return usagef("--%s names none", list.flag)
		}
		for _, n := range *list.values {
			if n < 1 {
				return usagef("--%s must be at least 1, but is %d", list.flag, n)
			}
		}
		slices.Sort(*list.values)
		*list.values = slices.Compact(*list.values)
	}
	if last := f.threads[len(f.threads)-1]; last > maxThreads {
		return usagef("--threads must be at most %d, but is %d", maxThreads, last)
	}
	if last := f.batches[len(f.batches)-1]; last > maxBenchBatch {
		return usagef("--batch must be at most %d, but is %d", maxBenchBatch, last)
	}
	if f.time <= 0 {
		return usagef("--time must be positive, but is %v", f.time)
	}
	if f.out != "" {
		if err := canWrite("--out", f.out, ".json"); err != nil {
			return err
		}
	}
	if f.plot != "" {
		return canWrite("--plot", f.plot, ".png", ".svg")
	}
	return nil
}

func (a *app) bench(ctx context.Context, bundle string, f *benchFlags) error {
	b := benchmark{Bundle: bundle, OS: goruntime.GOOS, Arch: goruntime.GOARCH, Cores: goruntime.GOMAXPROCS(0),
		Engines: map[string]string{}, LeftOut: map[string]string{}, Timings: []timing{}}
	v, err := models.Open(bundle) // before anything is said or started
	if err != nil {
		return err
	}
	v.Close()
	open, err := f.open(&b)
	if err != nil {
		return err
	}
	for _, part := range partsOf(f.train) {
		a.note("%s: %d ways to run it, %v ...", part.name, len(open)*len(f.threads)*len(f.batches), f.time)
		if err := b.race(ctx, part, open, f); err != nil {
			return fmt.Errorf("%s: %w", part.name, err)
		}
	}
	if !a.json && !a.quiet {
		b.print(a.out)
	}
	if f.out != "" {
		if err := atomicfile.Write(f.out, b.write); err != nil {
			return err
		}
	}
	if f.plot != "" {
		if err := b.plot(f.plot); err != nil {
			return err
		}
	}
	if a.json {
		return a.emit(b)
	}
	return nil
}

// open opens the engines that there are. One that was asked for by its name must be there.
func (f *benchFlags) open(b *benchmark) ([]runtime.Engine, error) {
	var open []runtime.Engine
	for _, name := range []string{"native", "ort"} {
		if f.engine != "both" && f.engine != name {
			continue
		}
		o := engines.Options{}
		if name == "ort" {
			o.Provider = f.provider
		}
		e, err := engines.Open(name, o)
		if err != nil && f.engine == "both" {
			b.LeftOut[name] = err.Error()
			continue
		}
		if err != nil {
			return nil, err
		}
		open = append(open, e)
		b.Engines[name] = e.Version()
	}
	return open, nil
}

// race times one part on all engines, thread counts and batch sizes.
func (b *benchmark) race(ctx context.Context, part benchPart, open []runtime.Engine, f *benchFlags) error {
	var sides []latency.Side
	var rows []timing
	for _, e := range open {
		for _, threads := range f.threads {
			runner, err := part.open(b.Bundle, e, threads)
			if err != nil {
				return err
			}
			defer runner.close()
			for _, batch := range f.batches {
				side, err := runner.side(ctx, batch)
				if err != nil {
					return err
				}
				sides = append(sides, side)
				rows = append(rows, timing{Part: part.name, Engine: e.Name(), Threads: threads, Batch: batch})
			}
		}
	}
	times, err := latency.Race(ctx, sides, f.time)
	if err != nil {
		return err
	}
	for i, t := range times {
		r := &rows[i]
		r.Runs = len(t)
		r.Min, r.P50, r.P90, r.P99 = millis(t.Quantile(0)), millis(t.Quantile(0.5)), millis(t.Quantile(0.9)), millis(t.Quantile(0.99))
		if r.P50 > 0 {
			r.Rows = 1e3 * float64(r.Batch) / r.P50
		}
	}
	b.Timings = append(b.Timings, rows...)
	return nil
}

func millis(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1e6 }

func (b *benchmark) write(w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(b)
}

// print writes a table for each part.
func (b *benchmark) print(out io.Writer) {
	fmt.Fprintf(out, "%s on %s %s, %d cores\n", b.Bundle, b.OS, b.Arch, b.Cores)
	for _, name := range []string{"native", "ort"} {
		if v, ok := b.Engines[name]; ok {
			fmt.Fprintf(out, "%s: %s\n", name, v)
		}
		if why, ok := b.LeftOut[name]; ok {
			fmt.Fprintf(out, "%s is left out: %s\n", name, why)
		}
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	part := ""
	for _, t := range b.Timings {
		if t.Part != part {
			w.Flush()
			part = t.Part
			fmt.Fprintf(out, "\n%s\n", part)
			fmt.Fprintln(w, "engine\tthreads\tbatch\tmin ms\tp50 ms\tp90 ms\tp99 ms\trows/s\truns\t")
		}
		fmt.Fprintf(w, "%s\t%d\t%d\t%.3f\t%.3f\t%.3f\t%.3f\t%.0f\t%d\t\n", t.Engine, t.Threads, t.Batch, t.Min, t.P50, t.P90, t.P99, t.Rows, t.Runs)
	}
	w.Flush()
}
