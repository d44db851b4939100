package peer

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"

	"github.com/elbo-ml/elbo/bench/side"
)

// GoMLX is a build of the program in the folder gomlx.
type GoMLX struct {
	Name, Path string
}

// buildGoMLX builds the program plainly and with GoMLX's vector kernels, which GOEXPERIMENT=simd lets in.
func (p *Peers) buildGoMLX() {
	for _, b := range []struct{ name, experiment string }{{"GoMLX", ""}, {"GoMLX, simd", "simd"}} {
		path := filepath.Join(p.Dir, "gomlx"+b.experiment)
		cmd := exec.Command("go", "build", "-o", path, "./gomlx")
		cmd.Env = append(os.Environ(), "GOEXPERIMENT="+b.experiment)
		if out, err := cmd.CombinedOutput(); err != nil {
			p.missing("%s: build: %v %s", b.name, err, out)
			continue
		}
		p.GoMLX = append(p.GoMLX, GoMLX{b.name, path})
	}
}

// Steps are the builds of GoMLX doing the task on 1 thread and 2. It takes all the cores it finds, so its threads are
// GOMAXPROCS.
func (p *Peers) Steps(task ...string) []side.Side {
	var sides []side.Side
	for _, g := range p.GoMLX {
		for _, threads := range []int{1, 2} {
			sides = append(sides, side.Side{Name: g.Name, Threads: threads, Task: task, Host: func() (*side.Host, error) {
				cmd := exec.Command(g.Path)
				cmd.Env = append(os.Environ(), "GOMAXPROCS="+strconv.Itoa(threads))
				return side.Start(cmd)
			}})
		}
	}
	return sides
}
