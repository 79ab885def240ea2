package account

import "golang.org/x/sys/unix"

// lowerPriority lowers the priority of the calling thread (on Linux, PRIO_PROCESS with a thread's ID means the thread). A system that
// forbids it only costs fairness.
func lowerPriority(nice int) {
	_ = unix.Setpriority(unix.PRIO_PROCESS, unix.Gettid(), nice)
}
