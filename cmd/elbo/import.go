package main

import (
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/elbo-ml/elbo/importer"
	"github.com/elbo-ml/elbo/importer/passes"
	"github.com/elbo-ml/elbo/models"
)

func (a *app) importCommand() *cobra.Command {
	var ef engineFlags
	var encoder, decoder, out, likelihood, name string
	var roles []string
	var shape []int
	var pixels []float64
	var force bool
	cmd := &cobra.Command{
		Use:   "import --encoder E.onnx --decoder D.onnx --out BUNDLE",
		Short: "Make a bundle of an encoder and a decoder exported from PyTorch",
		Long: `Import reads the roles of inputs and outputs from their names and shapes, and asks when they leave it open: --role
encoder.mean=mu, --role decoder.logits=out and so on. Weights, names and dynamic dimensions stay as they are.`,
		Example: `  elbo import --encoder encoder.onnx --decoder decoder.onnx --out vae.elbo
  elbo import --encoder e.onnx --decoder d.onnx --role encoder.mean=42 --role encoder.logvar=43 --out vae.elbo`,
		Args: none,
		RunE: func(cmd *cobra.Command, args []string) error {
			if encoder == "" || decoder == "" {
				return usagef("--encoder and --decoder name the two ONNX files; give both")
			}
			if err := mustNotExist(out, force); err != nil {
				return err
			}
			opts := []models.Option{models.WithName(name), models.WithLikelihood(models.Likelihood(likelihood)), models.WithThreads(ef.threads), models.WithProvider(ef.provider)}
			if len(roles) > 0 {
				given := map[string]string{}
				for _, r := range roles {
					role, value, ok := strings.Cut(r, "=")
					if !ok {
						return usagef("--role is ROLE=NAME, such as encoder.mean=mu, not %q", r)
					}
					given[role] = value
				}
				opts = append(opts, models.WithRoles(given))
			}
			if len(pixels) > 0 {
				if len(pixels) != 2 || !(pixels[0] < pixels[1]) {
					return usagef("--range is LOW,HIGH, such as -1,1, not %v", pixels)
				}
				opts = append(opts, models.WithPreprocessing(pixels[1]-pixels[0], pixels[0]))
			}
			if len(shape) > 0 {
				opts = append(opts, models.WithShape(shape...))
			}
			engine, err := ef.open(a)
			if err != nil {
				return err
			}
			v, err := models.FromONNX(encoder, decoder, append(opts, models.WithEngine(engine))...)
			if err != nil {
				return err
			}
			defer v.Close()
			for _, p := range [][2]string{{"encoder", encoder}, {"decoder", decoder}} {
				if err := a.noteExport(p[0], p[1], v.Manifest().Parts[p[0]].Outputs); err != nil {
					return err
				}
			}
			return a.save(v, out, models.SaveOptions{Force: force})
		},
	}
	ef.add(cmd, "auto")
	outFlags(cmd, &out, &force, "the bundle to write: a .elbo file or a folder")
	cmd.Flags().StringVar(&encoder, "encoder", "", "the encoder: x to mean and logvar")
	cmd.Flags().StringVar(&decoder, "decoder", "", "the decoder: z to the parameters of p(x|z)")
	cmd.Flags().StringVar(&likelihood, "likelihood", "", "p(x|z): bernoulli, gaussian, discretized_logistic or logistic_mixture (default: read off the outputs)")
	cmd.Flags().StringVar(&name, "name", "", "the model's name")
	cmd.Flags().StringArrayVar(&roles, "role", nil, "what an input or output is: encoder.mean=NAME (repeatable)")
	cmd.Flags().Float64SliceVar(&pixels, "range", nil, "the range in which the model takes pixels: -1,1 (default 0,1)")
	cmd.Flags().IntSliceVar(&shape, "shape", nil, "the shape of one row, where the encoder leaves it open or flat: 1,28,28")
	fixed(cmd, "likelihood", "bernoulli", "gaussian", "discretized_logistic", "logistic_mixture")
	return cmd
}

// noteExport says what the exporter did to a part that samples or fine-tuning suffer from, and which of its outputs
// have no role, by whose names used tells those that have one: an encoder without its flow is another model.
func (a *app) noteExport(part, file string, used map[string]string) error {
	g, err := importer.Load(file, importer.Options{})
	if err != nil {
		return err
	}
	for _, out := range g.Outputs {
		if !slices.Contains(slices.Collect(maps.Values(used)), out.Name) {
			a.note("%s: the output %s is not used.", part, out.Name)
		}
	}
	for _, f := range passes.FrozenNoise(g) {
		a.note("%s: %s %s looks like noise that was drawn while exporting: all samples would be equal.", part, f.Constant, f.Shape)
	}
	if f := passes.FoldedWeights(g); len(f) > 0 {
		a.note("%s: %d weights are merged, transposed or renamed by the exporter; to fine-tune the parameters as they were, export with %s.", part, len(f), f[0].Recipe)
	}
	return nil
}

// save writes the model and says what it is.
func (a *app) save(v *models.VAE, out string, o models.SaveOptions) error {
	if err := v.Save(out, o); err != nil {
		return err
	}
	return a.saved(out, v.Manifest())
}

// saved tells what has been written.
func (a *app) saved(out string, m models.Manifest) error {
	if a.json {
		return a.emit(map[string]any{"out": out, "manifest": m})
	}
	if !a.quiet {
		a.printManifest(out, m)
	}
	return nil
}
