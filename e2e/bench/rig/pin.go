package rig

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// coresEnv tells a pinned process which cores there are. pinArg is the command of this program that runs another on a core.
const (
	coresEnv = "LATCHKEY_BENCH_CORES"
	pinArg   = "on-core"
)

// cores are those that this program was allowed to use before it was pinned.
func cores() (list []int) {
	for f := range strings.FieldsSeq(os.Getenv(coresEnv)) {
		if n, err := strconv.Atoi(f); err == nil {
			list = append(list, n)
		}
	}
	if len(list) > 0 {
		return list
	}
	var set unix.CPUSet
	if unix.SchedGetaffinity(0, &set) == nil {
		for n := range len(set) * 64 {
			if set.IsSet(n) {
				list = append(list, n)
			}
		}
	}
	if len(list) == 0 {
		list = []int{0}
	}
	return list
}

// What makes requests has the first core, what answers them the last. With a single one they share it.
func loadCore() int   { return cores()[0] }
func serverCore() int { c := cores(); return c[len(c)-1] }

// Cores is how many there are, whatever this process is pinned to.
func Cores() int { return len(cores()) }

// Pin moves the command to the core of the load, by running itself again there, and serves the calls that it makes of itself: a command on a given
// core, and bare handlers. It returns where the command is to go on.
func Pin(bare func(kind, arg string) error) {
	if kind := os.Getenv(bareEnv); kind != "" && len(os.Args) == 1 {
		exit(bare(kind, os.Getenv(bareArgEnv)))
	}
	if len(os.Args) > 3 && os.Args[1] == pinArg {
		exit(become(os.Args[2], os.Args[3:]))
	}
	if os.Getenv(coresEnv) != "" {
		return
	}
	list := strings.Trim(fmt.Sprint(cores()), "[]")
	first := strconv.Itoa(loadCore())
	self, err := os.Executable()
	if err == nil {
		err = os.Setenv(coresEnv, list)
	}
	if err == nil {
		err = become(first, append([]string{self}, os.Args[1:]...))
	}
	exit(err)
}

func exit(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// become turns this process into another on a core.
func become(core string, argv []string) error {
	n, err := strconv.Atoi(core)
	if err != nil {
		return err
	}
	runtime.LockOSThread()
	if err := setCore(n); err != nil {
		return err
	}
	path, err := exec.LookPath(argv[0])
	if err != nil {
		return err
	}
	return syscall.Exec(path, argv, os.Environ())
}

func setCore(n ...int) error {
	var set unix.CPUSet
	for _, core := range n {
		set.Set(core)
	}
	return unix.SchedSetaffinity(0, &set)
}

// onServerCore is the command that runs a command there.
func onServerCore() []string {
	core := strconv.Itoa(serverCore())
	if taskset, err := exec.LookPath("taskset"); err == nil {
		return []string{taskset, "-c", core} // of util-linux: it starts within a millisecond, this program takes ten, which are no part of a cold start
	}
	self, err := os.Executable()
	if err != nil {
		return nil
	}
	return []string{self, pinArg, core}
}

// OnServerCore calls f such that processes which it starts are on the server's core, for what cannot be wrapped, such as a database. The thread goes
// back: such processes may be bound to its life.
func OnServerCore(f func()) error { return on(f, serverCore()) }

// OnAllCores is the same for what may have the whole machine, such as a command that nothing runs beside.
func OnAllCores(f func()) error { return on(f, cores()...) }

func on(f func(), list ...int) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := setCore(list...); err != nil {
		return err
	}
	f()
	return setCore(loadCore())
}
