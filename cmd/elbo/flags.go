package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/elbo-ml/elbo/models"
	"github.com/elbo-ml/elbo/runtime"
	"github.com/elbo-ml/elbo/runtime/engines"
	"github.com/elbo-ml/elbo/train/data"
)

// engineFlags choose what runs the model.
type engineFlags struct {
	engine   string
	provider string
	threads  int
}

func (f *engineFlags) add(cmd *cobra.Command, def string) {
	cmd.Flags().StringVar(&f.engine, "engine", def, "what runs the model: native, ort (ONNX Runtime) or auto")
	cmd.Flags().StringVar(&f.provider, "provider", "cpu", "ONNX Runtime's execution provider: cpu, cuda, tensorrt, coreml, directml, webgpu or auto")
	cmd.Flags().IntVar(&f.threads, "threads", 0, "threads to use; 0 means one per core")
	fixed(cmd, "engine", "native", "ort", "auto")
	fixed(cmd, "provider", "cpu", "cuda", "tensorrt", "coreml", "directml", "webgpu", "auto")
}

// maxThreads is above the cores of any machine; each thread costs memory, in ONNX Runtime for every graph of a model.
const maxThreads = 1024

const choices = "elbo_choices"

// fixed says which values a flag may have, for shell completion and for checkChoices.
func fixed(cmd *cobra.Command, flag string, values ...string) {
	_ = cmd.Flags().SetAnnotation(flag, choices, values)
	_ = cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp))
}

// checkChoices refuses, before anything is opened, a value that its flag does not know.
func checkChoices(cmd *cobra.Command, _ []string) error {
	var err error
	cmd.Flags().Visit(func(f *pflag.Flag) {
		if values := f.Annotations[choices]; err == nil && len(values) > 0 && !slices.Contains(values, f.Value.String()) {
			last := len(values) - 1
			err = usagef("--%s is %s or %s, not %q", f.Name, strings.Join(values[:last], ", "), values[last], f.Value)
		}
	})
	return err
}

// open starts the engine and says once when it is not the one that was hoped for.
func (f *engineFlags) open(a *app) (runtime.Engine, error) {
	if f.threads < 0 || f.threads > maxThreads {
		return nil, usagef("--threads must be 0 (one per core) to %d, but is %d", maxThreads, f.threads)
	}
	return engines.Open(f.engine, engines.Options{
		Threads: f.threads, Provider: f.provider,
		Note: func(text string) { a.note("%s", text) },
	})
}

// openModel opens a bundle on the chosen engine.
func (f *engineFlags) openModel(a *app, bundle string) (*models.VAE, error) {
	engine, err := f.open(a)
	if err != nil {
		return nil, err
	}
	return models.Open(bundle, models.WithEngine(engine), models.WithThreads(f.threads), models.WithProvider(f.provider))
}

// sourceFlags choose the data.
type sourceFlags struct {
	src      string
	split    string
	binarize string
	grey     bool
	flags    *pflag.FlagSet
}

func (f *sourceFlags) add(cmd *cobra.Command, split, binarize string) {
	cmd.Flags().StringVar(&f.src, "data", "", "the data: a folder of IDX files or images, a .npy or .npz file, or glyphs: (the default)")
	cmd.Flags().StringVar(&f.split, "split", split, "which part of the data: train or test")
	cmd.Flags().StringVar(&f.binarize, "binarize", binarize, "make pixels 0 or 1: dynamic (drawn anew each time), static (drawn once), threshold or none, which is the default unless the likelihood is bernoulli")
	cmd.Flags().BoolVar(&f.grey, "grey", false, "read colour images as grey")
	f.flags = cmd.Flags()
	fixed(cmd, "split", "train", "test")
	fixed(cmd, "binarize", "dynamic", "static", "threshold", "none")
}

// suit leaves data as it is for a model of continuous data, unless --binarize says otherwise.
func (f *sourceFlags) suit(v *models.VAE) {
	if v.Manifest().Likelihood != models.Bernoulli && !f.flags.Changed("binarize") {
		f.binarize = "none"
	}
}

// how is how the data is binarised.
func (f *sourceFlags) how() (data.Binarize, error) {
	how, err := data.ParseBinarize(f.binarize)
	if err != nil {
		return how, usageError{err}
	}
	return how, nil
}

// open opens the data, which is glyphs: when none is named, as it is. It must be closed.
func (f *sourceFlags) open(a *app) (data.Source, error) {
	src := f.src
	if src == "" {
		src = "glyphs:"
		a.note("No --data given: using glyphs:, digits drawn from the Go fonts.")
	}
	return data.Open(src, data.Options{Split: f.split, Grey: f.grey})
}

// openBinarized is open, binarised as the flags say, with seed 0.
func (f *sourceFlags) openBinarized(a *app) (data.Source, error) {
	how, err := f.how()
	if err != nil {
		return nil, err
	}
	plain, err := f.open(a)
	if err != nil {
		return nil, err
	}
	binary, err := data.NewBinarized(plain, how, 0)
	if err != nil {
		plain.Close()
	}
	return binary, err
}

// openBoth opens a bundle and the data for it, binarised as the flags say. Both must be closed.
func openBoth(a *app, ef *engineFlags, bundle string, sf *sourceFlags) (*models.VAE, data.Source, error) {
	v, err := ef.openModel(a, bundle)
	if err != nil {
		return nil, nil, err
	}
	src, err := sf.openBinarized(a)
	if err != nil {
		v.Close()
		return nil, nil, err
	}
	return v, src, nil
}

// mustNotExist refuses an output that is already there, before any work is done for it.
func mustNotExist(path string, force bool) error {
	if path == "" {
		return usagef("--out names the file to write; it is missing")
	}
	dir := filepath.Dir(filepath.Clean(path))
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return fmt.Errorf("--out %s: there is no folder %s; make it first, or choose another --out", path, dir)
	}
	if _, err := os.Lstat(path); err == nil && !force {
		return usagef("%s exists; choose another --out, or give --force to replace it", path)
	}
	return nil
}
