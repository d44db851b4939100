package train

import (
	"context"
	"fmt"
	goruntime "runtime"
	"time"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/runtime"
	"github.com/elbo-ml/elbo/runtime/native/pool"
	"github.com/elbo-ml/elbo/runtime/profile"
	"github.com/elbo-ml/elbo/train/checkpoint"
	"github.com/elbo-ml/elbo/train/data"
)

// trainer is a run of Fit.
type trainer struct {
	Options
	model   Model
	streams []stream // of X, then of the sides
	params  []*param
	step    *step
	update  *updater
	device  *device           // where the engine computes apart from the processor, or nil
	store   *checkpoint.Store // or nil
	recipe  map[string]string

	latents         []int // places of Objective.LatentKL among the numbers of a step, as long as they have not collapsed
	perEpoch, steps int   // steps of an epoch, and of the run
	warmup          int   // steps over which the KL term rises
	done            int   // steps made

	report        Report
	window, epoch means // since the last progress report, and over the epoch
	started       time.Time
	saved, told   time.Time // when the last checkpoint and the last report were made
	savedStep     int       // the step of the newest checkpoint, or -1
	norm          float64
}

func newTrainer(m Model, d data.Source, o Options) (*trainer, error) {
	if err := o.check(d.Len()); err != nil {
		return nil, err
	}
	t := &trainer{Options: o, model: m, savedStep: -1}
	if err := t.prepare(d); err != nil {
		t.close()
		return nil, err
	}
	return t, nil
}

func (t *trainer) prepare(d data.Source) error {
	if err := t.plan(d.Len()); err != nil {
		return err
	}
	obj, err := t.model.Objective()
	if err != nil {
		return err
	}
	if err := obj.check(d, t.Options); err != nil {
		return err
	}
	var statistics []*graph.Value
	for _, s := range obj.Running {
		statistics = append(statistics, s.Weight)
	}
	trained, frozen, err := Params(obj.Params, t.Freeze, statistics...)
	if err != nil {
		return err
	}
	for _, v := range trained {
		t.params = append(t.params, &param{name: v.Name, weight: v.Data})
		t.report.Trained += v.Data.Len()
	}
	for _, v := range frozen {
		t.report.Frozen += v.Data.Len()
	}
	t.findLatents(obj)
	if t.step, err = newStep(obj, t.params, t.Freeze, t.Batch, t.Seed, t.Threads); err != nil {
		return err
	}
	t.window.sum, t.epoch.sum = make(seen, len(t.step.names)), make(seen, len(t.step.names))
	t.update = newUpdater(t.Optimizer, t.params, t.EMA, t.Threads)
	if t.device, err = t.newDevice(); err != nil {
		return err
	}
	if t.device == nil {
		if err := t.step.compile(t.Engine, t.engineOptions()); err != nil {
			return err
		}
	}
	if err := t.openStreams(obj, d); err != nil {
		return err
	}
	return t.openCheckpoints(obj, d)
}

// plan fits schedule, warm-up and number of steps to the amount of data.
func (t *trainer) plan(rows int) (err error) {
	t.perEpoch = data.StepsPerEpoch(rows, t.Batch, false)
	t.steps = t.Epochs * t.perEpoch
	if t.MaxSteps > 0 && (t.steps == 0 || t.MaxSteps < t.steps) {
		t.steps = t.MaxSteps
	}
	if t.warmup = t.KLWarmup; t.KLWarmupEpochs > 0 {
		t.warmup = int(t.KLWarmupEpochs * float64(t.perEpoch))
	}
	t.Schedule, err = t.Schedule.For(t.steps)
	return err
}

func (t *trainer) engineOptions() runtime.Options {
	return runtime.Options{Threads: t.Threads, Provider: t.Provider}
}

func (t *trainer) close() {
	if t.step != nil {
		t.step.close()
	}
	if t.device != nil {
		t.device.loop.Close()
	}
	for _, s := range t.streams {
		s.close()
	}
	if t.store != nil {
		t.store.Close()
	}
}

// run makes the steps that remain.
func (t *trainer) run(ctx context.Context) (*Report, error) {
	defer t.model.Updated()
	ctx, end := pool.Hold(ctx)
	defer end()
	for i := range t.streams {
		if err := t.streams[i].start(ctx, t.done, t.readers()); err != nil {
			return nil, fmt.Errorf("train: %w", err)
		}
	}
	if err := t.toDevice(); err != nil {
		return t.result(), err
	}
	t.started = time.Now()
	t.saved, t.told = t.started, t.started
	for t.done < t.steps {
		if err := t.next(ctx); err != nil {
			return t.result(), t.stopped(ctx, err)
		}
	}
	if err := t.fromDevice(); err != nil {
		return t.result(), err
	}
	if err := t.save(); err != nil {
		return t.result(), err
	}
	useAverage(t.params, t.EMA, t.done)
	return t.result(), nil
}

// readers is how many goroutines read data ahead: enough to decode images while the step runs.
func (t *trainer) readers() int {
	n := goruntime.GOMAXPROCS(0)
	if t.Threads > 0 {
		n = min(n, t.Threads)
	}
	return min(n, 4)
}

// next makes one step, and the report and checkpoint that fall due after it. It allocates nothing when none does.
func (t *trainer) next(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	r := profile.From(ctx)
	defer r.Begin(profile.Main, &stepWork).End()
	span := r.Begin(profile.Main, &batchWork)
	err := t.takeBatches(ctx)
	span.End()
	if err != nil {
		return fmt.Errorf("train: step %d: %w", t.done+1, err)
	}
	klWeight := t.klWeight(t.done + 1)
	span = r.Begin(profile.Main, &noiseWork)
	t.step.draw(t.done, klWeight)
	span.End()
	rate := t.rate(t.done + 1)
	advance := t.advance
	if t.device != nil {
		advance = t.advanceOnDevice
	}
	seen, err := advance(ctx, t.done+1, rate)
	if err != nil {
		return err
	}
	if t.done%t.perEpoch == 0 {
		t.epoch.reset()
	}
	t.done++
	t.window.add(seen)
	t.epoch.add(seen)
	for _, s := range t.streams {
		t.report.Images += s.batch
	}
	t.warnOfCollapse()
	if t.checkpointDue() {
		span = r.Begin(profile.Main, &checkpointWork)
		err := t.save()
		span.End()
		if err != nil {
			return err
		}
	}
	if t.progressDue() {
		pool.Aside(ctx, func() { t.Progress(t.progress(klWeight, rate)) }) // which may wait as long as it likes
		t.window.reset()
		t.told = time.Now()
	}
	return nil
}

// advance makes step n of the minibatch that is loaded: gradients by the engine, then the update. When a number is not
// finite the weights are as before the step.
func (t *trainer) advance(ctx context.Context, n int, rate float64) (seen, error) {
	r := profile.From(ctx)
	span := r.Begin(profile.Main, &programWork)
	err := t.step.run(ctx)
	span.End()
	if err != nil {
		return nil, fmt.Errorf("train: step %d: %w", n, err)
	}
	seen := observe(t.step)
	span = r.Begin(profile.Main, &optimiserWork)
	t.norm = t.update.norm()
	span.End()
	if !seen.finite() || !finite(t.norm) || !t.step.finiteRunning() {
		return seen, t.step.blame(ctx, n, t.Engine, t.engineOptions())
	}
	scale := 1.0
	if t.Clip > 0 && t.norm > t.Clip {
		scale = t.Clip / t.norm
	}
	span = r.Begin(profile.Main, &optimiserWork)
	bad := t.update.step(n, rate, t.norm, scale)
	span.End()
	if bad != nil {
		return seen, outOfRange(n, bad.name)
	}
	t.step.moveRunning()
	return seen, nil
}

// outOfRange is the error about an update that made a weight of the named parameter NaN or infinite.
func outOfRange(n int, name string) error {
	return fmt.Errorf("train: step %d: the update takes %q out of range, and it is the first to be %w: %s", n, name, ErrNotFinite, remedy)
}

// rate is the learning rate of step n, from 1.
func (t *trainer) rate(n int) float64 { return t.Optimizer.Rate() * t.Schedule.Factor(n) }

// klWeight is the weight of the KL term at step n, from 1: it rises from 0 at the first step to KLWeight after warmup.
func (t *trainer) klWeight(n int) float64 {
	if n > t.warmup {
		return t.KLWeight
	}
	return t.KLWeight * float64(n-1) / float64(t.warmup)
}
