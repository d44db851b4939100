package train

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/elbo-ml/elbo/tensor"
	"github.com/elbo-ml/elbo/train/checkpoint"
	"github.com/elbo-ml/elbo/train/data"
	"github.com/elbo-ml/elbo/train/safetensors"
)

// ErrResume is wrapped by the error about a checkpoint that belongs to another run.
var ErrResume = errors.New("cannot resume")

// errSave marks the error of a checkpoint that could not be written.
var errSave = errors.New("no checkpoint")

// The parts of a checkpoint, and the state in "optimizer" that is no rule's own.
const (
	weightsPart   = "weights"
	optimizerPart = "optimizer"
	meanState     = "mean"
)

// openCheckpoints opens the folder, if there is one, and takes the newest checkpoint in when the run resumes.
func (t *trainer) openCheckpoints(obj *Objective, d data.Source) (err error) {
	if t.Checkpoint == "" {
		return nil
	}
	t.recipe = t.describe(obj, d)
	if t.store, err = checkpoint.Open(t.Checkpoint, t.Keep); err != nil {
		return fmt.Errorf("train: %w", err)
	}
	if !t.Resume {
		steps, err := t.store.Steps()
		if err == nil && len(steps) > 0 {
			err = fmt.Errorf("train: %s holds the checkpoints of another run, up to step %d: resume it, remove it, or name another folder: %w", t.Checkpoint, steps[0], fs.ErrExist)
		}
		return err
	}
	c, notes, err := t.store.Newest()
	t.report.Notes = notes
	if err != nil {
		return fmt.Errorf("train: resume: %w", err)
	}
	if c == nil {
		return nil
	}
	return t.restore(c)
}

// restore puts a checkpoint's state in place of the run's, after checking all of it.
func (t *trainer) restore(c *checkpoint.Checkpoint) error {
	if err := sameRecipe(c.Recipe, t.recipe); err != nil {
		return err
	}
	if c.Step > t.steps {
		return fmt.Errorf("train: the checkpoint has made %d steps and this run ends after %d: %w", c.Step, t.steps, ErrResume)
	}
	type pair struct{ to, from *tensor.Tensor }
	var copies []pair
	for _, s := range t.state() {
		from := c.Parts[s.part]
		if from == nil || from.Tensor(s.Name) == nil {
			return fmt.Errorf("train: the checkpoint of step %d has no %q among its %s: %w", c.Step, s.Name, s.part, ErrResume)
		}
		x := from.Tensor(s.Name)
		if x.DType() != s.Tensor.DType() || !x.Shape().Equal(s.Tensor.Shape()) {
			return fmt.Errorf("train: the checkpoint's %q is %v, the model's %v: %w", s.Name, x, s.Tensor, ErrResume)
		}
		copies = append(copies, pair{s.Tensor, x})
	}
	for _, c := range copies {
		copy(c.to.Bytes(), c.from.Bytes())
	}
	t.done, t.savedStep = c.Step, c.Step
	t.epoch.restore(t.step.names, c.Sums)
	if name := t.Engine.Name(); c.Engine != name {
		t.report.Notes = append(t.report.Notes, fmt.Sprintf("the first %d steps ran on the engine %s, the rest runs on %s: the last bits will not be those of either alone", c.Step, c.Engine, name))
	}
	t.report.Resumed, t.report.Checkpoint = c.Step, t.store.Path(c.Step)
	return nil
}

// part is a tensor of the run's state and the file of a checkpoint that holds it.
type part struct {
	part string
	safetensors.Named
}

// state is everything a checkpoint must hold besides its number of steps; the order of the data and the noise are
// functions of that.
func (t *trainer) state() []part {
	var out []part
	for _, p := range t.params {
		out = append(out, part{weightsPart, safetensors.Named{Name: p.name, Tensor: p.weight}})
		for i, name := range t.Optimizer.State() {
			out = append(out, part{optimizerPart, safetensors.Named{Name: name + ":" + p.name, Tensor: p.state[i]}})
		}
		if p.mean != nil {
			out = append(out, part{optimizerPart, safetensors.Named{Name: meanState + ":" + p.name, Tensor: p.mean}})
		}
	}
	for _, r := range t.step.running {
		out = append(out, part{weightsPart, safetensors.Named{Name: r.name, Tensor: r.weight}})
	}
	return out
}

// checkpointDue reports whether the step just made is one to keep.
func (t *trainer) checkpointDue() bool {
	if t.store == nil {
		return false
	}
	if t.CheckpointEvery == 0 && t.CheckpointInterval == 0 {
		return t.done%t.perEpoch == 0
	}
	return t.CheckpointEvery > 0 && t.done%t.CheckpointEvery == 0 ||
		t.CheckpointInterval > 0 && time.Since(t.saved) >= t.CheckpointInterval
}

// save writes a checkpoint of the step, if there is a folder and it has none yet.
func (t *trainer) save() error {
	if t.store == nil || t.savedStep == t.done {
		return nil
	}
	if err := t.fromDevice(); err != nil {
		return fmt.Errorf("train: step %d: %w: %w", t.done, errSave, err)
	}
	c := &checkpoint.Checkpoint{Step: t.done, Epoch: t.done / t.perEpoch, Engine: t.Engine.Name(), Recipe: t.recipe, Sums: t.epoch.named(t.step.names),
		Parts: map[string]*safetensors.File{weightsPart: {}, optimizerPart: {}}}
	for _, s := range t.state() {
		f := c.Parts[s.part]
		f.Tensors = append(f.Tensors, s.Named)
	}
	path, err := t.store.Write(c)
	if err != nil {
		last := "there is no earlier one"
		if t.savedStep >= 0 {
			last = fmt.Sprintf("the one of step %d is intact: free some space and resume", t.savedStep)
		}
		return fmt.Errorf("train: step %d: %w: %w; %s", t.done, errSave, err, last)
	}
	t.savedStep, t.saved, t.report.Checkpoint = t.done, time.Now(), path
	return nil
}

// stopped writes a checkpoint of the last whole step, if there is one and a folder, and says where it is. A step that met
// NaN would meet it again, and a disk that took no checkpoint takes none now: those errors stay as they are.
func (t *trainer) stopped(ctx context.Context, cause error) error {
	if err := ctx.Err(); err != nil {
		cause = fmt.Errorf("train: stopped after step %d of %d: %w", t.done, t.steps, err)
	}
	if err := t.fromDevice(); err != nil {
		return fmt.Errorf("%w; %w", cause, err)
	}
	if t.store == nil || t.done == 0 || errors.Is(cause, ErrNotFinite) || errors.Is(cause, errSave) {
		return cause
	}
	if err := t.save(); err != nil {
		return fmt.Errorf("%w; %w", cause, err)
	}
	return fmt.Errorf("%w; resume from the checkpoint %s", cause, t.report.Checkpoint)
}
