package main

import (
	"fmt"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/elbo-ml/elbo/train/data"
)

func (a *app) dataCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "data",
		Short: "List and get public data sets",
		Args:  subcommand,
		RunE:  func(cmd *cobra.Command, args []string) error { return cmd.Help() },
	}
	cmd.AddCommand(a.dataList(), a.dataGet())
	return cmd
}

func (a *app) dataList() *cobra.Command {
	return &cobra.Command{
		Use:     "list",
		Short:   "List the data sets elbo can get",
		Example: "  elbo data list",
		Args:    none,
		RunE: func(cmd *cobra.Command, args []string) error {
			sets := data.Catalogue()
			if a.json {
				return a.emit(sets)
			}
			w := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
			for _, s := range sets {
				fmt.Fprintf(w, "%s\t%s\n", s.Name, s.Description)
			}
			return w.Flush()
		},
	}
}

func (a *app) dataGet() *cobra.Command {
	var dir string
	cmd := &cobra.Command{
		Use:   "get NAME",
		Short: "Download a data set, resume a download, check its checksums",
		Example: `  elbo data get mnist
  elbo data get fashion-mnist --dir data/fashion`,
		Args: exactly("NAME"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if dir == "" {
				dir = args[0]
			}
			bar := newProgress(a.err)
			var o data.DownloadOptions
			if !a.quiet && !a.json {
				o.Progress = func(p data.DownloadProgress) {
					bar.update(int(p.Done>>10), int(p.Total>>10), fmt.Sprintf("%d of %d KiB", p.Done>>10, p.Total>>10), p.File)
				}
			}
			err := data.Download(cmd.Context(), args[0], dir, o)
			bar.end()
			if err != nil {
				return err
			}
			if a.json {
				return a.emit(map[string]string{"name": args[0], "dir": dir})
			}
			fmt.Fprintln(a.out, dir)
			return nil
		},
	}
	for _, set := range data.Catalogue() {
		cmd.ValidArgs = append(cmd.ValidArgs, set.Name)
	}
	cmd.Flags().StringVar(&dir, "dir", "", "the folder to put it in (default: the data set's name)")
	return cmd
}
