package main

import (
	"fmt"
	"runtime/debug"

	"github.com/spf13/cobra"
)

func (a *app) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "version",
		Short:   "Tell the version, and the commit and the Go it was built from",
		Example: "  elbo version",
		Args:    none,
		RunE: func(cmd *cobra.Command, args []string) error {
			if a.json {
				return a.emit(map[string]string{"version": version()})
			}
			fmt.Fprintln(a.out, version())
			return nil
		},
	}
}

// version is the module's version and the commit it was built from, as the Go toolchain recorded them.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	v := info.Main.Version
	if v == "" || v == "(devel)" {
		v = "development"
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && len(s.Value) >= 12 && v == "development" {
			v += " " + s.Value[:12]
		}
	}
	return v + " " + info.GoVersion
}
