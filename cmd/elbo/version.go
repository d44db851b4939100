package main

import "runtime/debug"

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
