package main

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/elbo-ml/elbo/tensor"
	"github.com/elbo-ml/elbo/train/data"
)

const batchRows = 500

func rowsOf(src data.Source, limit int) int {
	if limit > 0 {
		return min(limit, src.Len())
	}
	return src.Len()
}

// eachBatch hands the first n rows of src to do, in order, some hundred rows at a time.
func eachBatch(ctx context.Context, src data.Source, n int, do func(lo int, x *tensor.Tensor) error) error {
	x := tensor.New(tensor.Float32, append([]int{min(batchRows, n)}, src.Shape()...)...)
	rows := make([]int, 0, batchRows)
	for lo := 0; lo < n; lo += batchRows {
		rows = rows[:0]
		for i := lo; i < min(n, lo+batchRows); i++ {
			rows = append(rows, i)
		}
		part := x.Rows(0, len(rows))
		if err := src.Read(ctx, rows, tensor.Data[float32](part)); err != nil {
			return err
		}
		if err := do(lo, part); err != nil {
			return err
		}
	}
	return nil
}

func hasExt(path, ext string) bool { return strings.EqualFold(filepath.Ext(path), ext) }

func wantsExt(path string, exts ...string) error {
	if slices.ContainsFunc(exts, func(e string) bool { return hasExt(path, e) }) {
		return nil
	}
	return usagef("--out %s: the name must end in %s", path, strings.Join(exts, " or "))
}

func outFlags(cmd *cobra.Command, out *string, force *bool, what string) {
	cmd.Flags().StringVarP(out, "out", "o", "", what)
	cmd.Flags().BoolVar(force, "force", false, "replace --out if it exists")
}

// wrote says what was written where.
func (a *app) wrote(out string, shape tensor.Shape) error {
	if a.json {
		return a.emit(map[string]any{"out": out, "shape": []int(shape)})
	}
	if !a.quiet {
		fmt.Fprintf(a.out, "%s: %v\n", out, shape)
	}
	return nil
}
