package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/elbo-ml/elbo/importer"
	"github.com/elbo-ml/elbo/models"
)

// exportInto writes the file into, which a part of a bundle came from, with the part's weights.
func (a *app) exportInto(bundle, part, into, out string, o models.SaveOptions) error {
	switch {
	case o.Opset != 0 || o.Simplify || o.Float16 || o.NoiseInside:
		return usagef("--into leaves the file as it is but for its weights, so --opset, --simplify, --float16 and --noise-inside do not go with it")
	case hasExt(bundle, ".onnx"):
		return usagef("--into takes the weights of a bundle, and %s is none", bundle)
	case !hasExt(out, ".onnx"):
		return usagef("--out %s: --into writes a file called .onnx", out)
	}
	b, err := models.OpenBundle(bundle)
	if err != nil {
		return err
	}
	names := slices.Sorted(maps.Keys(b.Graphs))
	if part != "" {
		if b.Graphs[part] == nil {
			return usagef("--part %s: %s has the parts %s", part, bundle, strings.Join(names, ", "))
		}
		names = []string{part}
	}
	var file *importer.File
	var fits, why []string
	weights := 0
	for _, name := range names {
		f, err := importer.Open(into, importer.Options{})
		if err != nil {
			return err
		}
		n, err := f.Update(b.Graphs[name])
		if err == nil && n == 0 {
			err = fmt.Errorf("no weight of it stands in the file")
		}
		if err != nil {
			why = append(why, name+": "+oneLine(err))
			continue
		}
		file, weights, fits = f, n, append(fits, name)
	}
	switch {
	case len(fits) == 0:
		return fmt.Errorf("export: %s does not fit %s: %s", bundle, into, strings.Join(why, "; "))
	case len(fits) > 1:
		return usagef("%s fits the parts %s; choose one with --part", into, strings.Join(fits, ", "))
	}
	if err := file.Save(out, importer.SaveOptions{Force: o.Force}); err != nil {
		return err
	}
	if a.json {
		return a.emit(map[string]any{"out": out, "part": fits[0], "weights": weights})
	}
	if !a.quiet {
		fmt.Fprintf(a.out, "%s: %s with %d weights of the %s\n", out, into, weights, fits[0])
	}
	return nil
}
