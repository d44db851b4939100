package ort

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
)

// fetch has npm put the package's tarball into dir and returns its path. npm knows the user's registry, proxy and
// credentials, which is why elbo does not fetch the file itself.
func (in *installer) fetch(ctx context.Context, dir string) (string, error) {
	npm, err := exec.LookPath("npm")
	if err != nil {
		return "", fmt.Errorf("%w: install Node.js, or get the tarball of %s %s elsewhere and give it with --from",
			ErrNoNPM, in.release.name, in.release.version)
	}
	spec := in.release.name + "@" + in.release.version
	in.say("fetching %s with npm (about 110 MB)", spec)
	cmd := exec.CommandContext(ctx, npm, "pack", spec, "--ignore-scripts", "--fetch-retries=1")
	cmd.Dir = dir
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			return "", ctx.Err()
		}
		return "", npmProblem(spec, stderr.String(), err)
	}
	found, err := filepath.Glob(filepath.Join(dir, "*.tgz"))
	if err != nil || len(found) != 1 {
		return "", fmt.Errorf("npm pack %s left %d tarballs, not one", spec, len(found))
	}
	return found[0], nil
}

// npmProblem makes one line of npm's many.
func npmProblem(spec, stderr string, err error) error {
	code, first := "", ""
	for line := range strings.Lines(stderr) {
		line, ok := strings.CutPrefix(strings.TrimSpace(line), "npm error ")
		if !ok {
			if line, ok = strings.CutPrefix(strings.TrimSpace(line), "npm ERR! "); !ok {
				continue
			}
		}
		if c, ok := strings.CutPrefix(line, "code "); ok && code == "" {
			code = c
		} else if first == "" && !strings.HasPrefix(line, "syscall ") && !strings.HasPrefix(line, "errno ") {
			first = line
		}
	}
	switch code {
	case "ENOTFOUND", "EAI_AGAIN", "ECONNREFUSED", "ECONNRESET", "ETIMEDOUT", "ENETUNREACH", "EHOSTUNREACH", "ENOTCACHED", "ERR_SOCKET_TIMEOUT":
		return fmt.Errorf("%w (%s); when online again, or with the tarball at hand (--from FILE), repeat the command", ErrOffline, code)
	case "ENOSPC":
		return fmt.Errorf("npm pack %s: the disk is full", spec)
	}
	if first == "" {
		first = err.Error()
	}
	return fmt.Errorf("npm pack %s: %s", spec, first)
}
