package peer

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"

	"github.com/elbo-ml/elbo/bench/side"
)

// Python is an interpreter and what it can import: versions, or "".
type Python struct {
	Path  string `json:"-"`
	Torch string `json:"torch"`
	JAX   string `json:"jax"`
	// OpenBLAS is the path of the library in scipy-openblas32, and OpenBLASVersion what it calls itself.
	OpenBLAS        string `json:"openblas"`
	OpenBLASVersion string `json:"openblas_version"`
}

// probe imports nothing big: that is left to the processes that stay.
const probe = `
import glob, importlib.metadata, importlib.util, json, os
r, found = {}, importlib.util.find_spec
if found("torch"):
    version = {}
    exec(open(os.path.join(os.path.dirname(found("torch").origin), "version.py")).read(), version)
    r["torch"] = version["__version__"]
if found("jax"):
    r["jax"] = importlib.metadata.version("jax")
if found("scipy_openblas32"):
    import scipy_openblas32
    r["openblas"] = glob.glob(scipy_openblas32.get_lib_dir() + "/libscipy_openblas*")[0]
    r["openblas_version"] = scipy_openblas32.get_openblas_config().split()[1]
print(json.dumps(r))
`

// pythons are the interpreters to look at: the one that PYTHON names, or else Debian's, whose python3-torch needs no
// downloads from elsewhere; and one with current versions, which "make bench" sets up with pip in the folder .venv and
// ELBO_BENCH_PYTHON can name.
func pythons() []string {
	first, current := os.Getenv("PYTHON"), os.Getenv("ELBO_BENCH_PYTHON")
	if first == "" {
		first = "/usr/bin/python3"
	}
	if current == "" {
		current = filepath.Join(".venv", "bin", "python")
	}
	return []string{first, current}
}

func (p *Peers) findPythons() {
	for _, path := range pythons() {
		cmd := exec.Command(path, "-c", probe)
		cmd.Env = environment(1, "")
		var problem bytes.Buffer
		cmd.Stderr = &problem
		out, err := cmd.Output()
		py := Python{Path: path}
		if err == nil {
			err = json.Unmarshal(out, &py)
		}
		if err != nil {
			p.missing("PyTorch, JAX and OpenBLAS in %s: it does not run", path)
			continue
		}
		if py.Torch == "" {
			p.missing("PyTorch in %s: not installed (Debian: apt-get install python3-torch libopenblas0)", path)
		}
		p.Pythons = append(p.Pythons, py)
	}
}

// Torch is PyTorch of every interpreter doing a task of torch_tasks.py on 1 thread and 2: as it is and, from version 2
// on and where it is wanted, compiled.
func (p *Peers) Torch(task ...string) []side.Side {
	var sides []side.Side
	for _, py := range p.Pythons {
		if py.Torch == "" {
			continue
		}
		version, _, _ := strings.Cut(py.Torch, "+")
		for _, threads := range []int{1, 2} {
			for _, setting := range torchSettings(version, threads) {
				s := side.Side{Name: "PyTorch " + version, Threads: threads, Setting: setting, Keep: true,
					Host: p.python(py, "torch_tasks.py", threads, setting), Task: append(task[:len(task):len(task)], "plain")}
				sides = append(sides, s)
				if p.Compiled && !strings.HasPrefix(version, "1.") {
					s.Name += ", compiled"
					s.Task = append(task[:len(task):len(task)], "compiled")
					sides = append(sides, s)
				}
			}
		}
	}
	return sides
}

// torchSettings are those that a PyTorch is tried under. Debian's has two pools of threads, OpenMP's and OpenBLAS's, which
// spin while they wait for each other: it is faster when they sleep, or when only one of them has two threads.
func torchSettings(version string, threads int) []string {
	if threads > 1 && strings.HasPrefix(version, "1.") {
		return []string{"OMP_WAIT_POLICY=PASSIVE OPENBLAS_THREAD_TIMEOUT=4", "OPENBLAS_NUM_THREADS=1"}
	}
	return []string{""}
}

// JAX is the first JAX found doing a task of jax_tasks.py on 1 thread and 2.
func (p *Peers) JAX(task ...string) []side.Side {
	for _, py := range p.Pythons {
		if py.JAX == "" {
			continue
		}
		var sides []side.Side
		for _, threads := range []int{1, 2} {
			sides = append(sides, side.Side{Name: "JAX " + py.JAX, Threads: threads, Keep: true,
				Host: p.python(py, "jax_tasks.py", threads, ""), Task: append(task[:len(task):len(task)], "jit")})
		}
		return sides
	}
	return nil
}

// python runs a script in a process that stays for all its tasks.
func (p *Peers) python(py Python, script string, threads int, setting string) func() (*side.Host, error) {
	return p.shared(strings.Join([]string{py.Path, script, strconv.Itoa(threads), setting}, " "), func() *exec.Cmd {
		cmd := exec.Command(py.Path, filepath.Join(p.Dir, script), strconv.Itoa(threads))
		// Without processes of its own the compiler leaves nothing running beside others.
		cmd.Env = append(environment(threads, p.Setting+" "+setting), "TORCHINDUCTOR_COMPILE_THREADS=1", "PYTHONWARNINGS=ignore")
		return cmd
	})
}

// startPythons starts all processes that stay, side by side: each spends seconds on its imports.
func (p *Peers) startPythons() {
	var wait sync.WaitGroup
	for _, s := range append(p.Torch(), p.JAX()...) {
		if h, err := s.Host(); err == nil {
			wait.Go(h.Wake)
		}
	}
	wait.Wait()
}
