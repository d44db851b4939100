package pool

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"
)

// A process that starts under a CPU quota of two cores has a shared pool of as many goroutines, whatever the machine has. (Go
// rounds a quota up to whole cores, and keeps to two where it is less: a pool of one goroutine takes GOMAXPROCS=1.)
func TestSharedPoolFollowsTheQuota(t *testing.T) {
	const child = "ELBO_TEST_UNDER_QUOTA"
	if os.Getenv(child) != "" {
		fmt.Println(Shared().Threads())
		return
	}
	dir := quotaOfTwo(t)
	cmd := exec.Command("sh", "-c", `echo $$ > "$0"/cgroup.procs && exec "$1" -test.run '^TestSharedPoolFollowsTheQuota$'`, dir, os.Args[0])
	cmd.Env = append(os.Environ(), child+"=1", "GOMAXPROCS=")
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	var got int
	if _, err := fmt.Sscan(string(out), &got); err != nil || got != min(2, runtime.NumCPU()) {
		t.Errorf("%d goroutines on %d cores under a quota of 2 (%v)", got, runtime.NumCPU(), err)
	}
}

// quotaOfTwo makes a cgroup whose processes may use two cores, or skips the test where that is not allowed.
func quotaOfTwo(t *testing.T) string {
	t.Helper()
	for _, try := range []struct{ root, file, quota string }{
		{"/sys/fs/cgroup/cpu", "cpu.cfs_quota_us", "200000"},
		{"/sys/fs/cgroup", "cpu.max", "200000 100000"},
	} {
		dir := filepath.Join(try.root, fmt.Sprintf("elbo-test-%d", os.Getpid()))
		if os.Mkdir(dir, 0o755) != nil {
			continue
		}
		t.Cleanup(func() { os.Remove(dir) })
		if os.WriteFile(filepath.Join(dir, try.file), []byte(try.quota), 0o644) == nil {
			return dir
		}
	}
	t.Skip("no cgroup with a quota can be made here")
	return ""
}
