package ort

import (
	"context"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	goruntime "runtime"
	"syscall"

	"github.com/elbo-ml/elbo/tensor/atomicfile"
)

// Sentinel errors of Install for what callers branch on.
var (
	// ErrNoNPM: there is no npm client to fetch the package with.
	ErrNoNPM = errors.New("npm is not installed")
	// ErrOffline: npm cannot reach its registry.
	ErrOffline = errors.New("npm cannot reach its registry")
	// ErrChecksum: a file is not the one that elbo knows.
	ErrChecksum = errors.New("wrong checksum")
	// ErrNoBuild: the package carries no library for this platform.
	ErrNoBuild = errors.New("no library for this platform")
)

// InstallOptions say where the library comes from.
type InstallOptions struct {
	// From is a local file: the package's tarball (.tgz), whose checksum must be the pinned one, or a shared library,
	// which is taken as it is. "" fetches the package with npm.
	From string
	// Progress, when set, is told of each step in a few words.
	Progress func(step string)
}

// Install puts the library into elbo's cache folder and returns its path there. What it fetches is checked against
// pinned digests, the package and each file in it; a file appears in the cache whole or not at all. A library that
// this process has already started stays in use until it ends.
func Install(ctx context.Context, o InstallOptions) (string, error) {
	dir, err := CacheDir()
	if err != nil {
		return "", fmt.Errorf("ort: install: %w", err)
	}
	in := installer{release: pinned, goos: goruntime.GOOS, goarch: goruntime.GOARCH, dir: dir, progress: o.Progress}
	path, err := in.install(ctx, o.From)
	if err != nil {
		return "", fmt.Errorf("ort: install: %w", explain(err, dir))
	}
	return path, nil
}

type installer struct {
	release      release
	goos, goarch string
	dir          string
	progress     func(string)
}

// installed reports whether the cache folder holds every file of the platform with its pinned digest.
func (in *installer) installed(p platform) bool {
	for _, want := range p.files {
		f, err := os.Open(filepath.Join(in.dir, want.name))
		if err != nil {
			return false
		}
		sum := sha256.New()
		_, err = io.Copy(sum, f)
		f.Close()
		if err != nil || hex.EncodeToString(sum.Sum(nil)) != want.sha256 {
			return false
		}
	}
	return true
}

func (in *installer) say(format string, args ...any) {
	if in.progress != nil {
		in.progress(fmt.Sprintf(format, args...))
	}
}

func (in *installer) install(ctx context.Context, from string) (string, error) {
	if from == "" {
		p, err := in.platform()
		if err != nil {
			return "", err
		}
		if in.installed(p) {
			in.say("onnxruntime %s is installed already", in.release.version)
			return filepath.Join(in.dir, p.files[0].name), nil
		}
		temp, err := os.MkdirTemp("", "elbo-ort-")
		if err != nil {
			return "", err
		}
		defer os.RemoveAll(temp)
		if from, err = in.fetch(ctx, temp); err != nil {
			return "", err
		}
	}
	f, err := os.Open(from)
	if err != nil {
		return "", err
	}
	defer f.Close()
	kind, err := kindOf(f)
	if err != nil {
		return "", fmt.Errorf("%s: %w", from, err)
	}
	if kind == tarball {
		return in.fromTarball(ctx, f)
	}
	if want := libraryKind(in.goos); kind != want {
		return "", fmt.Errorf("%s is neither a .tgz of %s nor a shared library for %s", from, in.release.name, in.goos)
	}
	return in.fromLibrary(ctx, f)
}

func (in *installer) platform() (platform, error) {
	p, ok := in.release.platforms[in.goos+"/"+in.goarch]
	if !ok {
		return platform{}, fmt.Errorf("%s %s: %s/%s: %w; give a library of your own with --from",
			in.release.name, in.release.version, in.goos, in.goarch, ErrNoBuild)
	}
	return p, nil
}

// fromTarball checks the package as a whole before it looks inside.
func (in *installer) fromTarball(ctx context.Context, f *os.File) (string, error) {
	p, err := in.platform()
	if err != nil {
		return "", err
	}
	in.say("checking %s", filepath.Base(f.Name()))
	h := sha512.New()
	if _, err := io.Copy(h, reader{ctx, f}); err != nil {
		return "", err
	}
	got := "sha512-" + base64.StdEncoding.EncodeToString(h.Sum(nil))
	if got != in.release.integrity {
		return "", fmt.Errorf("%s is %s, want %s (%s %s): %w", f.Name(), got, in.release.integrity,
			in.release.name, in.release.version, ErrChecksum)
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return "", err
	}
	in.say("unpacking into %s", in.dir)
	if err := in.unpack(reader{ctx, f}, p); err != nil {
		return "", err
	}
	return filepath.Join(in.dir, p.files[0].name), nil
}

// fromLibrary copies a library that the user vouches for: another build, say one with CUDA.
func (in *installer) fromLibrary(ctx context.Context, f *os.File) (string, error) {
	in.say("copying %s into %s", filepath.Base(f.Name()), in.dir)
	s, err := in.create(libraryName(in.goos))
	if err != nil {
		return "", err
	}
	defer s.Discard()
	if _, err := io.Copy(s, reader{ctx, f}); err != nil {
		return "", err
	}
	return filepath.Join(in.dir, libraryName(in.goos)), s.Commit()
}

// create begins a file of the cache folder.
func (in *installer) create(name string) (*atomicfile.File, error) {
	if err := os.MkdirAll(in.dir, 0o777); err != nil {
		return nil, err
	}
	return atomicfile.Create(filepath.Join(in.dir, name))
}

// reader is r until ctx ends.
type reader struct {
	ctx context.Context
	r   io.Reader
}

func (r reader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.r.Read(p)
}

// explain says what to do about the failures of the machine.
func explain(err error, dir string) error {
	switch {
	case errors.Is(err, syscall.ENOSPC):
		return fmt.Errorf("the disk is full: the library needs about 50 MiB in %s and 120 MiB in %s: %w", dir, os.TempDir(), err)
	case errors.Is(err, os.ErrPermission):
		return fmt.Errorf("no permission to write (the cache folder is %s; XDG_CACHE_HOME moves it on Linux): %w", dir, err)
	}
	return err
}
