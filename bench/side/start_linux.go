package side

import "syscall"

// dieWithParent makes the kernel kill a process when its parent ends, stopped or not.
func dieWithParent() *syscall.SysProcAttr { return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }
