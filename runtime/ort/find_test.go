package ort

import (
	"os"
	"path/filepath"
	goruntime "runtime"
	"testing"
)

func TestCandidatesInOrder(t *testing.T) {
	t.Setenv("ELBO_ORT_LIB", "")
	want := []string{"ELBO_ORT_LIB", "cache", "module", "system"}
	var got []string
	for _, p := range Candidates() {
		if len(got) == 0 || got[len(got)-1] != p.Origin {
			got = append(got, p.Origin)
		}
		if p.Path == "" && p.Problem == "" {
			t.Errorf("%s has neither a path nor a reason", p.Origin)
		}
	}
	if len(got) != len(want) {
		t.Fatalf("origins %v, want %v", got, want)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Fatalf("origins %v, want %v", got, want)
		}
	}
}

// A file that was named and cannot be used must not be replaced by another library in silence.
func TestNamedLibraryIsTheOnlyCandidate(t *testing.T) {
	t.Setenv("ELBO_ORT_LIB", filepath.Join(t.TempDir(), "missing.so"))
	places := Candidates()
	if len(places) != 1 || places[0].Problem != "no such file" {
		t.Errorf("candidates %+v", places)
	}
	t.Setenv("ELBO_ORT_LIB", t.TempDir())
	if places := Candidates(); places[0].Problem == "" {
		t.Errorf("a folder passed for a library: %+v", places)
	}
}

func TestCacheIsFound(t *testing.T) {
	if goruntime.GOOS != "linux" {
		t.Skip("XDG_CACHE_HOME moves the cache folder on Linux only")
	}
	t.Setenv("ELBO_ORT_LIB", "")
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	dir, err := CacheDir()
	if err != nil {
		t.Fatal(err)
	}
	if p := Candidates()[1]; p.Problem != "no such file" {
		t.Errorf("empty cache: %+v", p)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, libraryName("linux")), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if p := Candidates()[1]; p.Problem != "" {
		t.Errorf("filled cache: %+v", p)
	}
}
