//go:build !linux

package side

import "syscall"

func dieWithParent() *syscall.SysProcAttr { return nil }
