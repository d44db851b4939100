package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/elbo-ml/elbo/models"
	"github.com/elbo-ml/elbo/train"
	"github.com/elbo-ml/elbo/train/checkpoint"
	"github.com/elbo-ml/elbo/train/data"
)

// fitFlags are what train and finetune share.
type fitFlags struct {
	engineFlags
	sourceFlags
	boundFlags
	dropout         dropoutFlags
	out             string
	force           bool
	epochs          int
	steps           int
	batch           int
	lr              float64
	seed            uint64
	optimizer       string
	weightDecay     float64
	schedule        string
	clip            float64
	klWeight        float64
	klWarmup        float64
	ema             float64
	freeze          []string
	checkpoint      string
	checkpointEvery int
	resume          bool
	logEvery        int
}

func (f *fitFlags) add(cmd *cobra.Command, epochs int) {
	f.engineFlags.add(cmd, "native")
	f.sourceFlags.add(cmd, "train", "dynamic")
	f.boundFlags.add(cmd)
	flags := cmd.Flags()
	flags.StringVar(&f.out, "out", "", "the bundle to write: a .elbo file or a folder")
	flags.BoolVar(&f.force, "force", false, "replace --out if it exists, and start afresh where a training was interrupted")
	flags.IntVar(&f.epochs, "epochs", epochs, "passes over the data")
	flags.IntVar(&f.steps, "steps", 0, "stop after so many minibatches; 0 means no bound")
	flags.IntVar(&f.batch, "batch", 100, "rows in a minibatch")
	flags.Float64Var(&f.lr, "lr", 0, "learning rate; 0 means the optimiser's default (adam: 0.001)")
	flags.Uint64Var(&f.seed, "seed", 1, "seed of the weights, the order, the binarisation and the noise")
	flags.StringVar(&f.optimizer, "optimizer", "adam", "adam, amsgrad, legacy-adam (neither bias correction nor epsilon), adamax, adagrad, adadelta, sgd (momentum 0.9) or rmsprop")
	flags.Float64Var(&f.weightDecay, "weight-decay", 0, "decoupled weight decay of adam and amsgrad: each step takes the learning rate times so much off a weight")
	flags.StringVar(&f.schedule, "schedule", "constant", "how the learning rate goes: constant, cosine or inverse-sqrt")
	flags.Float64Var(&f.clip, "clip", 0, "largest global norm of the gradient; 0 means no clipping")
	flags.Float64Var(&f.klWeight, "kl-weight", 1, "weight of the KL term in the loss (beta)")
	flags.Float64Var(&f.klWarmup, "kl-warmup", 0, "epochs over which the weight of the KL term rises from 0")
	flags.Float64Var(&f.ema, "ema", 0, "decay of a moving average of the weights, such as 0.999; 0 means none")
	flags.StringSliceVar(&f.freeze, "freeze", nil, "parameters to keep as they are, by pattern: 'decoder/*'")
	flags.StringVar(&f.checkpoint, "checkpoint", "", "the folder for checkpoints (default: --out with .checkpoints, removed at the end)")
	flags.IntVar(&f.checkpointEvery, "checkpoint-every", 0, "minibatches between checkpoints; 0 means one an epoch")
	flags.IntVar(&f.logEvery, "log-every", 20, "minibatches between progress lines")
	flags.BoolVar(&f.resume, "resume", false, "go on from the newest checkpoint")
	fixed(cmd, "optimizer", optimizers...)
	fixed(cmd, "schedule", "constant", "cosine", "inverse-sqrt")
}

// check finds wrong use before anything is opened.
func (f *fitFlags) check() error {
	if f.out == "" {
		return usagef("--out names the bundle to write; it is missing")
	}
	if f.epochs < 1 && f.steps < 1 {
		return usagef("--epochs must be at least 1, but is %d", f.epochs)
	}
	if f.batch < 1 {
		return usagef("--batch must be at least 1, but is %d", f.batch)
	}
	if f.logEvery < 1 {
		return usagef("--log-every must be at least 1, but is %d", f.logEvery)
	}
	if f.draws < 1 || f.freeBits < 0 || f.prior < 0 {
		return usagef("--k must be at least 1, --free-bits and --weight-prior not negative, but they are %d, %v and %v", f.draws, f.freeBits, f.prior)
	}
	if f.klWeight == 0 {
		return usagef("--kl-weight must be positive; give a small one, such as 1e-6, to train all but without the KL term")
	}
	if f.lr < 0 {
		return usagef("--lr must not be negative, but is %v", f.lr)
	}
	if f.weightDecay < 0 {
		return usagef("--weight-decay must not be negative, but is %v", f.weightDecay)
	}
	if err := mustNotExist(f.out, f.force); err != nil {
		return err
	}
	if err := models.CanSave(f.out, models.SaveOptions{Force: f.force}); err != nil {
		return err
	}
	if f.resume && f.force {
		return usagef("--resume goes on with a training and --force starts it afresh; give one of them")
	}
	if f.resume || f.force {
		return nil
	}
	if steps, err := checkpoint.Steps(f.checkpoints()); err == nil && len(steps) > 0 {
		return usagef("an earlier training left checkpoints in %s; --resume goes on with it, --force starts afresh", f.checkpoints())
	}
	return nil
}

func (f *fitFlags) checkpoints() string {
	if f.checkpoint != "" {
		return f.checkpoint
	}
	return strings.TrimRight(f.out, "/") + ".checkpoints"
}

// optimizers are the rules that --optimizer names.
var optimizers = []string{"adam", "amsgrad", "legacy-adam", "adamax", "adagrad", "adadelta", "sgd", "rmsprop"}

func (f *fitFlags) rule() (train.Optimizer, error) {
	if f.weightDecay != 0 && f.optimizer != "adam" && f.optimizer != "amsgrad" {
		return nil, usagef("--weight-decay goes with --optimizer adam or amsgrad, not %s", f.optimizer)
	}
	switch f.optimizer {
	case "adam", "amsgrad":
		return train.Adam{LearningRate: f.lr, WeightDecay: f.weightDecay, AMSGrad: f.optimizer == "amsgrad"}, nil
	case "legacy-adam":
		return train.LegacyAdam(f.lr), nil
	case "adamax":
		return train.AdaMax{LearningRate: f.lr}, nil
	case "adagrad":
		return train.AdaGrad{LearningRate: f.lr}, nil
	case "adadelta":
		return train.AdaDelta{LearningRate: f.lr}, nil
	case "sgd":
		return train.SGD{LearningRate: f.lr, Momentum: 0.9}, nil
	case "rmsprop":
		return train.RMSProp{LearningRate: f.lr}, nil
	}
	return nil, usagef("--optimizer is %s or %s, not %q", strings.Join(optimizers[:len(optimizers)-1], ", "), optimizers[len(optimizers)-1], f.optimizer)
}

func (f *fitFlags) pace() (train.Schedule, error) {
	switch f.schedule {
	case "constant":
		return train.Constant{}, nil
	case "cosine":
		return train.Cosine{}, nil
	case "inverse-sqrt":
		return train.InverseSqrt{}, nil
	}
	return nil, usagef("--schedule is constant, cosine or inverse-sqrt, not %q", f.schedule)
}

// options turns the flags into those of train.Fit.
func (f *fitFlags) options(a *app) (train.Options, error) {
	rule, err := f.rule()
	if err != nil {
		return train.Options{}, err
	}
	pace, err := f.pace()
	if err != nil {
		return train.Options{}, err
	}
	engine, err := f.engineFlags.open(a)
	if err != nil {
		return train.Options{}, err
	}
	return train.Options{
		Engine: engine, Threads: f.threads, Provider: f.provider,
		Optimizer: rule, Schedule: pace, Epochs: f.epochs, MaxSteps: f.steps, Batch: f.batch, Seed: f.seed,
		Clip: f.clip, KLWeight: f.klWeight, KLWarmupEpochs: f.klWarmup, EMA: f.ema, Freeze: f.freeze,
		Checkpoint: f.checkpoints(), CheckpointEvery: f.checkpointEvery, Resume: f.resume,
	}, nil
}

// fit trains v, shows how it goes, and writes the bundle.
func (f *fitFlags) fit(ctx context.Context, a *app, v *models.VAE, src data.Source, o train.Options) error {
	f.suit(v)
	var err error
	if o.Binarize, err = f.how(); err != nil {
		return err
	}
	m, err := f.of(v, src.Len())
	if err != nil {
		return err
	}
	if err := initialise(ctx, v, src, o.Binarize, o.Batch, o.Seed); err != nil {
		return err
	}
	noisy, err := f.dropout.on(m, src.Len(), f.freeze)
	if err != nil {
		return err
	}
	return f.show(a, v, src, o, func(o train.Options) (*train.Report, error) {
		if noisy == nil {
			return train.Fit(ctx, m, src, o)
		}
		report, err := train.Fit(ctx, noisy, src, o)
		if err != nil {
			return report, err
		}
		return report, f.dropout.prune(a, noisy)
	})
}

// saver is a model that can be written as a bundle.
type saver interface {
	Save(path string, o models.SaveOptions) error
}

// show runs a training, shows how it goes, and writes the bundle.
func (f *fitFlags) show(a *app, v saver, src data.Source, o train.Options, fit func(train.Options) (*train.Report, error)) error {
	if f.force {
		if err := checkpoint.Discard(f.checkpoints()); err != nil {
			return fmt.Errorf("start afresh: %w", err)
		}
	}
	bar := newProgress(a.err)
	o.LogEvery = f.logEvery
	epoch := 0
	o.Progress = func(p train.Progress) {
		epoch = p.Epoch
		switch {
		case a.json:
			_ = a.emit(trainLine(p))
		case !a.quiet:
			bar.update(p.Step, p.Steps, fmt.Sprintf("%.0f images/s", p.ImagesPerSecond),
				fmt.Sprintf("epoch %d/%d  ELBO %.2f (reconstruction %.2f, KL %.2f)", p.Epoch, p.Epochs, p.ELBO, p.Reconstruction, p.KL))
		}
	}
	report, err := fit(o)
	bar.end()
	if err != nil {
		if errors.Is(err, context.Canceled) {
			return fmt.Errorf("%w; the same command with --resume goes on", err)
		}
		return err
	}
	for _, note := range report.Notes {
		a.note("%s", note)
	}
	if err := v.Save(f.out, models.SaveOptions{Force: f.force, Recipe: f.recipe(src, o, report), Sparse: f.dropout.sparse()}); err != nil {
		return fmt.Errorf("the training is done and its last checkpoint is in %s, but the bundle was not written: %w", f.checkpoints(), err)
	}
	if f.checkpoint == "" {
		if err := checkpoint.Discard(f.checkpoints()); err != nil {
			a.note("the checkpoints in %s could not be removed: %v", f.checkpoints(), err)
		}
	}
	if a.json {
		return a.emit(doneLine(report, max(epoch, report.Epochs), f.out))
	}
	if !a.quiet {
		fmt.Fprintf(a.out, "%s: %d steps in %v, training ELBO %.2f (reconstruction %.2f, KL %.2f), %.0f images/s\n", f.out,
			report.Steps, report.Elapsed.Round(100*time.Millisecond), report.ELBO, report.Reconstruction, report.KL, report.ImagesPerSecond)
	}
	return nil
}

// recipe is what the bundle's metadata says about how it was trained.
func (f *fitFlags) recipe(src data.Source, o train.Options, r *train.Report) map[string]string {
	recipe := map[string]string{
		"data":           src.Name(),
		"rows":           fmt.Sprint(src.Len()),
		"binarize":       f.binarize,
		"epochs":         fmt.Sprint(r.Epochs),
		"steps":          fmt.Sprint(r.Steps),
		"batch":          fmt.Sprint(o.Batch),
		"seed":           fmt.Sprint(o.Seed),
		"optimizer":      o.Optimizer.Name(),
		"learning_rate":  fmt.Sprint(o.Optimizer.Rate()),
		"schedule":       f.schedule,
		"kl_weight":      fmt.Sprint(f.klWeight),
		"objective":      f.objective,
		"engine":         o.Engine.Name(),
		"training_elbo":  fmt.Sprintf("%.3f", r.ELBO),
		"trained_params": fmt.Sprint(r.Trained),
	}
	for name, v := range map[string]float64{"free_bits": f.freeBits, "weight_prior": f.boundFlags.prior, "clip": f.clip, "kl_warmup_epochs": f.klWarmup, "ema": f.ema} {
		if v != 0 {
			recipe[name] = fmt.Sprint(v)
		}
	}
	f.dropout.recipe(recipe)
	if len(f.freeze) > 0 {
		frozen := slices.Clone(f.freeze)
		slices.Sort(frozen)
		recipe["freeze"] = strings.Join(frozen, ",")
	}
	return recipe
}

// stepLine is a line of train --json.
type stepLine struct {
	Step            int     `json:"step"`
	Steps           int     `json:"steps"`
	Epoch           int     `json:"epoch"`
	ELBO            float64 `json:"elbo"`
	Reconstruction  float64 `json:"reconstruction"`
	KL              float64 `json:"kl"`
	LearningRate    float64 `json:"learning_rate"`
	GradientNorm    float64 `json:"gradient_norm"`
	ImagesPerSecond float64 `json:"images_per_second"`
}

func trainLine(p train.Progress) stepLine {
	return stepLine{p.Step, p.Steps, p.Epoch, p.ELBO, p.Reconstruction, p.KL, p.LearningRate, p.GradientNorm, p.ImagesPerSecond}
}

// endLine is the last line of train --json.
type endLine struct {
	Done            bool    `json:"done"`
	Out             string  `json:"out"`
	Step            int     `json:"step"`
	Epoch           int     `json:"epoch"`
	ELBO            float64 `json:"elbo"`
	Reconstruction  float64 `json:"reconstruction"`
	KL              float64 `json:"kl"`
	Images          int     `json:"images"`
	ImagesPerSecond float64 `json:"images_per_second"`
	Seconds         float64 `json:"seconds"`
}

func doneLine(r *train.Report, epoch int, out string) endLine {
	return endLine{true, out, r.Steps, epoch, r.ELBO, r.Reconstruction, r.KL, r.Images, r.ImagesPerSecond, r.Elapsed.Seconds()}
}
