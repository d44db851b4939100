package peer

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/elbo-ml/elbo/bench/side"
)

// BLAS is an OpenBLAS library.
type BLAS struct {
	Name, Path string
	Prefix     string // before the names of its functions
}

// debianBLAS is where Debian has OpenBLAS with threads.
const debianBLAS = "/usr/lib/*/openblas-pthread/libopenblas.so.0"

// findBLAS builds the program that runs a BLAS and finds Debian's OpenBLAS, or the one that OPENBLAS names, and those
// that pip brought.
func (p *Peers) findBLAS() {
	cc := os.Getenv("CC")
	if cc == "" {
		cc = "gcc"
	}
	p.sgemm = filepath.Join(p.Dir, "sgemm")
	if out, err := exec.Command(cc, "-O2", "-o", p.sgemm, filepath.Join(p.Dir, "sgemm.c"), "-ldl").CombinedOutput(); err != nil {
		p.missing("OpenBLAS: no C compiler: %v %s", err, out)
		return
	}
	found, _ := filepath.Glob(debianBLAS)
	if path := os.Getenv("OPENBLAS"); path != "" {
		found = []string{path}
	}
	for _, path := range found {
		p.BLAS = append(p.BLAS, BLAS{Name: "OpenBLAS" + versionOf(path), Path: path})
	}
	if len(found) == 0 {
		p.missing("Debian's OpenBLAS: no %s (apt-get install libopenblas0)", debianBLAS)
	}
	for _, py := range p.Pythons {
		if py.OpenBLAS != "" {
			p.BLAS = append(p.BLAS, BLAS{Name: "OpenBLAS " + py.OpenBLASVersion, Path: py.OpenBLAS, Prefix: "scipy_"})
			return
		}
	}
	p.missing("OpenBLAS from pip: no scipy-openblas32")
}

// versionOf reads the version off the library's full name, libopenblasp-r0.3.21.so.
func versionOf(path string) string {
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		return ""
	}
	if _, version, ok := strings.Cut(strings.TrimSuffix(filepath.Base(real), ".so"), "-r"); ok {
		return " " + version
	}
	return ""
}

// settings are those that OpenBLAS is tried under: what it chooses itself, and its kernels for AVX2, which beat its
// AVX-512 ones on some processors.
var settings = []string{"", "OPENBLAS_CORETYPE=Haswell"}

// chooseSetting finds the setting under which Debian's OpenBLAS, and so Debian's PyTorch, is fastest on one thread: the
// fastest of some products of 512 x 512 matrices taken in turns.
func (p *Peers) chooseSetting() {
	const n = 512
	if len(p.BLAS) == 0 {
		return
	}
	for _, file := range []string{"a", "b"} {
		if side.WriteArray(filepath.Join(p.Dir, file), make([]float32, n*n)) != nil {
			return
		}
	}
	var sides []side.Side
	for _, s := range p.Sgemm(n, n, n, p.Dir) {
		if s.Name == p.BLAS[0].Name && s.Threads == 1 {
			sides = append(sides, s)
		}
	}
	p.Setting = side.Fastest(sides, 30).Setting
}

// Sgemm is every library under every setting, on 1 thread and 2, multiplying the matrices in the files a and b of dir.
func (p *Peers) Sgemm(m, n, k int, dir string) []side.Side {
	var sides []side.Side
	for _, b := range p.BLAS {
		for _, threads := range []int{1, 2} {
			for _, setting := range settings {
				sides = append(sides, side.Side{Name: b.Name, Threads: threads, Setting: setting, Host: func() (*side.Host, error) {
					cmd := exec.Command(p.sgemm, b.Path, b.Prefix)
					cmd.Env = environment(threads, setting)
					return side.Start(cmd)
				}, Task: []string{"sgemm", strconv.Itoa(m), strconv.Itoa(n), strconv.Itoa(k), dir}})
			}
		}
	}
	return sides
}
