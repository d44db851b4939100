package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/importer"
	"github.com/elbo-ml/elbo/models"
	"github.com/elbo-ml/elbo/runtime/native"
)

func (a *app) exportCommand() *cobra.Command {
	var out, into, part string
	o := models.SaveOptions{Composed: true}
	cmd := &cobra.Command{
		Use:   "export BUNDLE|FILE.onnx --out DIR|FILE.onnx",
		Short: "Write a bundle as a folder of ONNX files, or an ONNX file anew",
		Long: `Export writes encoder.onnx, decoder.onnx and elbo.json. The ONNX files run anywhere: dynamic batch, named inputs and
outputs, the training recipe in their metadata. Noise is an input of theirs; with --noise-inside the graphs draw it
themselves again, where the files they were imported from did. A model with a flow, a prior of its own or several
stochastic layers has a file for each of those, too, and two that are all of them together: posterior.onnx takes x and noise
to z and its densities, sampler.onnx takes noise to samples.

An ONNX file goes into another one, at elbo's opset or at that of --opset.

With --into the file that a part of the bundle was imported from is written with the part's weights in it, and everything
else as it was: its opset, its nodes and their names, what elbo does not understand.`,
		Example: `  elbo export builtin:mnist --out mnist-onnx
  elbo export model.onnx --out old.onnx --opset 13 --simplify
  elbo export tuned.elbo --into encoder.onnx --out tuned-encoder.onnx`,
		Args: exactly("BUNDLE|FILE.onnx"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if o.Opset != 0 && (o.Opset < importer.MinSaved || o.Opset > importer.MaxOpset) {
				return usagef("--opset must be %d to %d, but is %d", importer.MinSaved, importer.MaxOpset, o.Opset)
			}
			if err := mustNotExist(out, o.Force); err != nil {
				return err
			}
			if into != "" {
				return a.exportInto(args[0], part, into, out, o)
			}
			if part != "" {
				return usagef("--part goes with --into")
			}
			if hasExt(args[0], ".onnx") {
				return a.exportFile(args[0], out, o)
			}
			if hasExt(out, ".elbo") || hasExt(out, ".onnx") {
				return usagef("--out %s: a bundle is exported to a folder, so give a name without an extension", out)
			}
			b, err := models.OpenBundle(args[0])
			if err != nil {
				return err
			}
			if b.Manifest.Kind != models.KindVAE {
				if err := b.Save(out, o); err != nil {
					return err
				}
				return a.saved(out, b.Manifest)
			}
			v, err := models.Open(args[0])
			if err != nil {
				return err
			}
			defer v.Close()
			return a.save(v, out, o)
		},
	}
	outFlags(cmd, &out, &o.Force, "the folder to write, or the file")
	flags := cmd.Flags()
	flags.StringVar(&into, "into", "", "an ONNX file that a part of the bundle came from: write it with the part's weights, else as it was")
	flags.StringVar(&part, "part", "", "with --into, the part: encoder, decoder, ...; found by its weights where it is left out")
	flags.BoolVar(&o.NoiseInside, "noise-inside", false, "let the graphs draw their noise themselves")
	flags.IntVar(&o.Opset, "opset", 0, fmt.Sprintf("the opset to write, %d to %d; 0 is %d, or the least above it that the model needs", importer.MinSaved, importer.MaxOpset, graph.Opset))
	flags.BoolVar(&o.Simplify, "simplify", false, "compute what depends on no input, and leave out what changes nothing or is not read")
	flags.BoolVar(&o.Float16, "float16", false, "store the weights in float16; the model computes in float32 as before")
	return cmd
}

// exportFile writes an ONNX file anew.
func (a *app) exportFile(in, out string, o models.SaveOptions) error {
	if !hasExt(out, ".onnx") {
		return usagef("--out %s: an ONNX file is exported to a file called .onnx", out)
	}
	g, err := importer.Load(in, importer.Options{})
	if err != nil {
		return err
	}
	before := len(g.Nodes)
	if o.Simplify {
		if g, err = native.Simplify(g); err != nil {
			return err
		}
	}
	if err := importer.Save(g, out, importer.SaveOptions{Force: o.Force, Opset: o.Opset, Float16: o.Float16}); err != nil {
		return err
	}
	if a.json {
		return a.emit(map[string]any{"out": out, "nodes": len(g.Nodes), "nodes_before": before})
	}
	if !a.quiet {
		fmt.Fprintf(a.out, "%s: %d nodes, of %d before\n", out, len(g.Nodes), before)
	}
	return nil
}
