package rig

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

// The cores: what makes requests has one, what answers them the other. With a single core they share it.
const loadCore = 0

func serverCore() int {
	if runtime.NumCPU() == 1 && os.Getenv(coresEnv) == "1" {
		return loadCore
	}
	return 1
}

// coresEnv tells a pinned process how many cores there are, pinEnv what it is that is pinned.
const (
	coresEnv = "LATCHKEY_BENCH_CORES"
	pinArg   = "on-core"
)

// Cores is how many there are, whatever this process is pinned to.
func Cores() int {
	if n, err := strconv.Atoi(os.Getenv(coresEnv)); err == nil {
		return n
	}
	return runtime.NumCPU()
}

// Pin moves the command to the core of the load, by running itself again there, and serves the calls that it makes of itself: a command on a given
// core, and bare handlers. It returns where the command is to go on.
func Pin(bare func(kind, arg string) error) {
	if kind := os.Getenv(bareEnv); kind != "" {
		if err := bare(kind, os.Getenv(bareArgEnv)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	if len(os.Args) > 3 && os.Args[1] == pinArg {
		exit(become(os.Args[2], os.Args[3:]))
	}
	if os.Getenv(coresEnv) == "" {
		_ = os.Setenv(coresEnv, strconv.Itoa(runtime.NumCPU()))
		self, err := os.Executable()
		if err == nil {
			err = become(strconv.Itoa(loadCore), append([]string{self}, os.Args[1:]...))
		}
		exit(err)
	}
}

func exit(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
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

func setCore(n int) error {
	var set unix.CPUSet
	set.Set(n)
	return unix.SchedSetaffinity(0, &set)
}

// onServerCore is the command that runs a command there.
func onServerCore() []string {
	self, err := os.Executable()
	if err != nil {
		return nil
	}
	return []string{self, pinArg, strconv.Itoa(serverCore())}
}

// OnServerCore calls f such that processes which it starts are on the server's core, for what cannot be wrapped, such as a database. The thread goes
// back: such processes may be bound to its life.
func OnServerCore(f func()) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := setCore(serverCore()); err != nil {
		return err
	}
	f()
	return setCore(loadCore)
}
