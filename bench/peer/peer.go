// Package peer finds what elbo is measured beside on this machine, and starts it.
package peer

import (
	"debug/buildinfo"
	"embed"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"strings"

	"github.com/elbo-ml/elbo/bench/side"
)

//go:embed files
var files embed.FS

// Peers are those found. Close ends their processes.
type Peers struct {
	// Dir holds what had to be written or built.
	Dir     string
	Pythons []Python
	BLAS    []BLAS
	GoMLX   []GoMLX
	// Compiled adds torch.compile to the ways of PyTorch, which takes a minute for all models.
	Compiled bool
	// Setting, of the environment, is what OpenBLAS is fastest under.
	Setting string
	// Missing tells which are not here, and why.
	Missing []string

	sgemm string // the program that runs a BLAS
	hosts map[string]*side.Host
}

// Find looks for all peers. dir is an empty folder.
func Find(dir string) (*Peers, error) {
	p := &Peers{Dir: dir, hosts: map[string]*side.Host{}}
	entries, err := files.ReadDir("files")
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		text, err := files.ReadFile("files/" + e.Name())
		if err != nil {
			return nil, err
		}
		if err := os.WriteFile(filepath.Join(dir, e.Name()), text, 0o600); err != nil {
			return nil, err
		}
	}
	p.findPythons()
	p.findBLAS()
	p.chooseSetting()
	p.buildGoMLX()
	p.startPythons()
	return p, nil
}

func (p *Peers) missing(format string, a ...any) {
	p.Missing = append(p.Missing, fmt.Sprintf(format, a...))
}

// Versions names the peers that are here.
func (p *Peers) Versions() []string {
	var list []string
	for _, b := range p.BLAS {
		list = append(list, b.Name)
	}
	for _, py := range p.Pythons {
		if py.Torch != "" {
			list = append(list, "PyTorch "+py.Torch)
		}
		if py.JAX != "" {
			list = append(list, "JAX "+py.JAX)
		}
	}
	return append(list, p.modules()...)
}

// modules are the versions of the peers in Go: gonum in this program, GoMLX in the other.
func (p *Peers) modules() []string {
	var list []string
	add := func(info *debug.BuildInfo, path string) {
		for _, m := range info.Deps {
			if m.Path == path {
				list = append(list, path+" "+m.Version)
			}
		}
	}
	if info, ok := debug.ReadBuildInfo(); ok {
		add(info, "gonum.org/v1/gonum")
	}
	if len(p.GoMLX) > 0 {
		if info, err := buildinfo.ReadFile(p.GoMLX[0].Path); err == nil {
			add(info, "github.com/gomlx/gomlx")
		}
	}
	return list
}

// Close ends the processes that stayed for several tasks.
func (p *Peers) Close() {
	for _, h := range p.hosts {
		h.Close()
	}
}

// shared starts a process, or gives the one that was started under this key before.
func (p *Peers) shared(key string, cmd func() *exec.Cmd) func() (*side.Host, error) {
	return func() (*side.Host, error) {
		if h := p.hosts[key]; h != nil {
			return h, nil
		}
		h, err := side.Start(cmd())
		if err == nil {
			p.hosts[key] = h
		}
		return h, err
	}
}

// environment is this process's own with every library held to a number of threads, and with the setting. What the
// person's own shell sets for OpenBLAS is left out: it is tuned for something else.
func environment(threads int, setting string) []string {
	var env []string
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "OPENBLAS_") && !strings.HasPrefix(v, "OMP_") && !strings.HasPrefix(v, "MKL_") {
			env = append(env, v)
		}
	}
	n := strconv.Itoa(threads)
	env = append(env, "OMP_NUM_THREADS="+n, "OPENBLAS_NUM_THREADS="+n, "MKL_NUM_THREADS="+n)
	return append(env, strings.Fields(setting)...)
}
