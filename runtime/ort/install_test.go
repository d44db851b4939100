package ort

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	goruntime "runtime"
	"strings"
	"syscall"
	"testing"
)

type entry struct {
	name, content string
	link          bool
}

// archive makes a .tgz of entries.
func archive(t *testing.T, entries ...entry) []byte {
	t.Helper()
	var buf bytes.Buffer
	zw := gzip.NewWriter(&buf)
	tw := tar.NewWriter(zw)
	for _, e := range entries {
		h := &tar.Header{Name: e.name, Mode: 0o644, Size: int64(len(e.content)), Typeflag: tar.TypeReg}
		if e.link {
			h.Typeflag, h.Size, h.Linkname = tar.TypeSymlink, 0, e.content
		}
		if err := tw.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		if !e.link {
			if _, err := tw.Write([]byte(e.content)); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := errors.Join(tw.Close(), zw.Close()); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

const (
	folder  = "package/bin/linux/x64"
	library = "\x7fELF library"
)

func digest(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:])
}

// fake is an installer of a package of two small files, and its tarball.
func fake(t *testing.T, entries ...entry) (*installer, string) {
	t.Helper()
	if entries == nil {
		entries = []entry{{name: "package/package.json", content: "{}"}, {name: folder + "/lib.so", content: library},
			{name: folder + "/helper.so", content: "helper"}}
	}
	data := archive(t, entries...)
	sum := sha512.Sum512(data)
	in := &installer{
		release: release{
			name: "fake-node", version: "1.2.3",
			integrity: "sha512-" + base64.StdEncoding.EncodeToString(sum[:]),
			platforms: map[string]platform{"linux/amd64": {folder, []pinnedFile{
				{"lib.so", digest(library)}, {"helper.so", digest("helper")},
			}}},
		},
		goos: "linux", goarch: "amd64", dir: filepath.Join(t.TempDir(), "cache"),
	}
	file := filepath.Join(t.TempDir(), "fake-node-1.2.3.tgz")
	if err := os.WriteFile(file, data, 0o644); err != nil {
		t.Fatal(err)
	}
	return in, file
}

// fakeNPM puts a script called npm first in PATH.
func fakeNPM(t *testing.T, script string) {
	t.Helper()
	if goruntime.GOOS == "windows" {
		t.Skip("the fake npm is a shell script")
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "npm"), []byte("#!/bin/sh\n"+script), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+string(os.PathListSeparator)+os.Getenv("PATH"))
}

func cacheFiles(t *testing.T, in *installer) []string {
	t.Helper()
	entries, err := os.ReadDir(in.dir)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func TestInstallWithNPM(t *testing.T) {
	in, file := fake(t)
	fakeNPM(t, fmt.Sprintf(`[ "$1 $2" = "pack fake-node@1.2.3" ] && cp %q . && echo fake-node-1.2.3.tgz`, file))
	var steps []string
	in.progress = func(s string) { steps = append(steps, s) }
	path, err := in.install(context.Background(), "")
	if err != nil {
		t.Fatal(err)
	}
	if got, _ := os.ReadFile(path); string(got) != library {
		t.Errorf("the installed library holds %q", got)
	}
	if got := cacheFiles(t, in); fmt.Sprint(got) != "[helper.so lib.so]" {
		t.Errorf("the cache holds %v", got)
	}
	if len(steps) != 3 {
		t.Errorf("steps told: %q", steps)
	}
}

func TestInstallFromFile(t *testing.T) {
	in, file := fake(t)
	if _, err := in.install(context.Background(), file); err != nil {
		t.Fatal(err)
	}
	// Again, over what is there.
	if _, err := in.install(context.Background(), file); err != nil {
		t.Fatal(err)
	}
	own := filepath.Join(t.TempDir(), "mine.so")
	if err := os.WriteFile(own, []byte("\x7fELF mine"), 0o644); err != nil {
		t.Fatal(err)
	}
	path, err := in.install(context.Background(), own)
	if err != nil {
		t.Fatal(err)
	}
	if got, _ := os.ReadFile(path); string(got) != "\x7fELF mine" || filepath.Base(path) != "libonnxruntime.so.1" {
		t.Errorf("%s holds %q", path, got)
	}
}

// What is installed already is not fetched again, unless it has been damaged.
func TestInstallAgain(t *testing.T) {
	in, file := fake(t)
	if _, err := in.install(context.Background(), file); err != nil {
		t.Fatal(err)
	}
	fakeNPM(t, "echo npm was called >&2; exit 1")
	if path, err := in.install(context.Background(), ""); err != nil || filepath.Base(path) != "lib.so" {
		t.Errorf("%q, %v", path, err)
	}
	if err := os.WriteFile(filepath.Join(in.dir, "helper.so"), []byte("damaged"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := in.install(context.Background(), ""); err == nil {
		t.Error("a damaged file was taken for installed")
	}
}

func TestInstallRefuses(t *testing.T) {
	lib, helper := entry{name: folder + "/lib.so", content: library}, entry{name: folder + "/helper.so", content: "helper"}
	for _, c := range []struct {
		name    string
		entries []entry
		change  func(in *installer, file string)
		want    string
		is      error
	}{
		{"a tarball that is not the pinned one", nil, func(in *installer, _ string) { in.release.integrity = "sha512-x" }, "fake-node 1.2.3", ErrChecksum},
		{"a file in it that is not the pinned one", []entry{lib, {name: folder + "/helper.so", content: "evil"}}, nil, "helper.so is sha256", ErrChecksum},
		{"a tarball without the library", []entry{helper}, nil, "has no " + folder + "/lib.so", nil},
		{"a link in the library's place", []entry{{name: folder + "/lib.so", content: "/etc/passwd", link: true}, helper}, nil, "has no", nil},
		{"a truncated tarball", nil, func(in *installer, file string) {
			data, _ := os.ReadFile(file)
			data = data[:len(data)/2]
			sum := sha512.Sum512(data)
			in.release.integrity = "sha512-" + base64.StdEncoding.EncodeToString(sum[:])
			os.WriteFile(file, data, 0o644)
		}, "unexpected EOF", nil},
		{"a platform without a library", nil, func(in *installer, _ string) { in.goarch = "riscv64" }, "linux/riscv64", ErrNoBuild},
		{"a text file", nil, func(_ *installer, file string) { os.WriteFile(file, []byte("hello"), 0o644) }, "neither a .tgz", nil},
		{"an empty file", nil, func(_ *installer, file string) { os.WriteFile(file, nil, 0o644) }, "neither a .tgz", nil},
		{"a file that is not there", nil, func(_ *installer, file string) { os.Remove(file) }, "no such file", os.ErrNotExist},
	} {
		t.Run(c.name, func(t *testing.T) {
			in, file := fake(t, c.entries...)
			if c.change != nil {
				c.change(in, file)
			}
			_, err := in.install(context.Background(), file)
			if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
				t.Fatalf("error %v, want one line with %q", err, c.want)
			}
			if c.is != nil && !errors.Is(err, c.is) {
				t.Errorf("error %v is not %v", err, c.is)
			}
			if got := cacheFiles(t, in); len(got) > 0 {
				t.Errorf("a failed install left %v", got)
			}
		})
	}
}

func TestInstallTellsNPMProblems(t *testing.T) {
	for _, c := range []struct {
		name, script, want string
		is                 error
	}{
		{"offline", "echo 'npm error code ENOTFOUND' >&2; echo 'npm error request failed' >&2; exit 1", "ENOTFOUND", ErrOffline},
		{"old npm's words", "echo 'npm ERR! code EAI_AGAIN' >&2; exit 1", "EAI_AGAIN", ErrOffline},
		{"disk full", "echo 'npm error code ENOSPC' >&2; exit 1", "disk is full", nil},
		{"no such version", "printf 'npm error code ETARGET\nnpm error notarget No matching version found\nnpm error more\n' >&2; exit 1", "No matching version found", nil},
		{"silence", "exit 3", "exit status 3", nil},
		{"success without a file", "exit 0", "left 0 tarballs", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			in, _ := fake(t)
			fakeNPM(t, c.script)
			_, err := in.install(context.Background(), "")
			if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
				t.Fatalf("error %v, want one line with %q", err, c.want)
			}
			if c.is != nil && !errors.Is(err, c.is) {
				t.Errorf("error %v is not %v", err, c.is)
			}
		})
	}
	t.Run("npm missing", func(t *testing.T) {
		in, _ := fake(t)
		t.Setenv("PATH", t.TempDir())
		if _, err := in.install(context.Background(), ""); !errors.Is(err, ErrNoNPM) {
			t.Errorf("error %v", err)
		}
	})
}

func TestInstallStopsWithItsContext(t *testing.T) {
	in, file := fake(t)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := in.install(ctx, file); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

func TestExplainFullDisk(t *testing.T) {
	err := explain(&os.PathError{Op: "write", Path: "lib.so", Err: syscall.ENOSPC}, "/cache")
	if !strings.Contains(err.Error(), "disk is full") || !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("error %v", err)
	}
}

func TestArchiveBombIsStopped(t *testing.T) {
	b := bounded{zeros{}, 10}
	buf := make([]byte, 64)
	if n, err := b.Read(buf); n != 10 || err != nil {
		t.Fatalf("read %d, %v", n, err)
	}
	if _, err := b.Read(buf); !errors.Is(err, errTooBig) {
		t.Errorf("past the limit: %v", err)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// The real package, when somebody has it: ELBO_ORT_TGZ names the tarball.
func TestPinnedPackage(t *testing.T) {
	file := os.Getenv("ELBO_ORT_TGZ")
	if file == "" {
		t.Skip("ELBO_ORT_TGZ does not name the package's tarball")
	}
	for name, p := range pinned.platforms {
		goos, goarch, _ := strings.Cut(name, "/")
		in := installer{release: pinned, goos: goos, goarch: goarch, dir: t.TempDir()}
		if _, err := in.install(context.Background(), file); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if got := cacheFiles(t, &in); len(got) != len(p.files) {
			t.Errorf("%s: the cache holds %v", name, got)
		}
	}
}
