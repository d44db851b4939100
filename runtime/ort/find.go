package ort

import (
	"fmt"
	"os"
	"path/filepath"
	goruntime "runtime"
	"runtime/debug"
)

// noSuchFile is the problem of a place that holds no library.
const noSuchFile = "no such file"

const bindingModule = "github.com/yalue/onnxruntime_go"

// Candidates are the places where the library may be, best first. A place that cannot hold it here says why.
func Candidates() []Place {
	if path := os.Getenv("ELBO_ORT_LIB"); path != "" {
		// Whoever names a file wants that file or an error, not another one.
		return []Place{existing("ELBO_ORT_LIB", path)}
	}
	places := []Place{{Origin: "ELBO_ORT_LIB", Problem: "not set"}, cached(), bundled()}
	for _, name := range systemNames(goruntime.GOOS) {
		places = append(places, Place{Origin: "system", Path: name})
	}
	return places
}

// CacheDir is the folder that Install fills: <user cache>/elbo/onnxruntime/<version>/<os>-<arch>.
func CacheDir() (string, error) {
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("ort: cache folder: %w", err)
	}
	return filepath.Join(dir, "elbo", "onnxruntime", Version, goruntime.GOOS+"-"+goruntime.GOARCH), nil
}

func cached() Place {
	dir, err := CacheDir()
	if err != nil {
		return Place{Origin: "cache", Problem: err.Error()}
	}
	return existing("cache", filepath.Join(dir, libraryName(goruntime.GOOS)))
}

// bundled is the copy in the binding's own module. A program does not know where it was built, so the module cache of
// whoever runs it is asked: right where elbo runs from source, and simply absent elsewhere.
func bundled() Place {
	name := bundledNames[goruntime.GOOS+"/"+goruntime.GOARCH]
	if name == "" {
		return Place{Origin: "module", Problem: "onnxruntime_go carries no library for " + goruntime.GOOS + "/" + goruntime.GOARCH}
	}
	version := bindingVersion()
	if version == "" {
		return Place{Origin: "module", Problem: "the build does not record the version of onnxruntime_go"}
	}
	dir, err := moduleCache()
	if err != nil {
		return Place{Origin: "module", Problem: err.Error()}
	}
	return existing("module", filepath.Join(dir, filepath.FromSlash(bindingModule)+"@"+version, "test_data", name))
}

var bundledNames = map[string]string{
	"linux/arm64":   "onnxruntime_arm64.so",
	"darwin/arm64":  "onnxruntime_arm64.dylib",
	"windows/amd64": "onnxruntime.dll",
}

func bindingVersion() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	for _, m := range info.Deps {
		if m.Path == bindingModule {
			return m.Version
		}
	}
	return ""
}

func moduleCache() (string, error) {
	if dir := os.Getenv("GOMODCACHE"); dir != "" {
		return dir, nil
	}
	if list := filepath.SplitList(os.Getenv("GOPATH")); len(list) > 0 {
		return filepath.Join(list[0], "pkg", "mod"), nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", err
	}
	return filepath.Join(home, "go", "pkg", "mod"), nil
}

// libraryName is what the library is called in the cache folder.
func libraryName(goos string) string {
	switch goos {
	case "windows":
		return "onnxruntime.dll"
	case "darwin":
		return "libonnxruntime.1.dylib"
	}
	return "libonnxruntime.so.1"
}

// systemNames are the names the system's loader is asked for.
func systemNames(goos string) []string {
	switch goos {
	case "windows":
		return []string{"onnxruntime.dll"}
	case "darwin":
		return []string{"libonnxruntime.dylib", "/opt/homebrew/lib/libonnxruntime.dylib", "/usr/local/lib/libonnxruntime.dylib"}
	}
	return []string{"libonnxruntime.so.1", "libonnxruntime.so"}
}

func existing(origin, path string) Place {
	p := Place{Origin: origin, Path: path}
	info, err := os.Stat(path)
	switch {
	case os.IsNotExist(err):
		p.Problem = noSuchFile
	case err != nil:
		p.Problem = err.Error()
	case info.IsDir():
		p.Problem = "is a folder; the library's file is wanted"
	}
	return p
}
