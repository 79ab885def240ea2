package pgtest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
)

// StartOnDisk is Start on a disk of its own of that many MiB, which goes with the process: such a server cannot be started again.
func StartOnDisk(mib int, settings ...string) (*Server, error) {
	return start(settings, mib)
}

// onDisk is the command that runs the server on a file system of its own, in a mount namespace of its own. Who is not root gets that by way of a user
// namespace, and then must not look like root to the server, which refuses to be that.
func (s *Server) onDisk() (*exec.Cmd, error) {
	postgres, err := program("postgres")
	if err != nil {
		return nil, err
	}
	args := []string{"--mount"}
	drop := fmt.Sprintf("unshare --user --map-user=%d --map-group=%d --", os.Getuid(), os.Getgid())
	own := ""
	if who := credential(); who != nil {
		drop = fmt.Sprintf("setpriv --reuid=%d --regid=%d --clear-groups --pdeathsig=QUIT --", who.Uid, who.Gid)
		own = fmt.Sprintf(",uid=%d,gid=%d", who.Uid, who.Gid)
	} else {
		args = append(args, "--user", "--map-root-user")
	}
	script := fmt.Sprintf(`mkdir -p "$0" && mount -t tmpfs -o size=%dm,mode=700%s tmpfs "$0" && cp -a "$1/." "$0" && exec %s "$2" -D "$0" -p "$3"`, s.mib, own, drop)
	cmd := exec.Command("unshare", append(args, "sh", "-c", script, s.disk(), s.data(), postgres, strconv.Itoa(s.Port))...) //nolint:gosec // programs and folders of ours
	cmd.Dir, cmd.Env = s.dir, []string{"LC_ALL=C", "PATH=/usr/sbin:/sbin:" + os.Getenv("PATH"), "TZ=UTC"}
	cmd.SysProcAttr = &syscall.SysProcAttr{}
	return cmd, nil
}

func (s *Server) disk() string { return filepath.Join(s.dir, "disk") }

// Fill takes all that is left of the disk, until free is called.
func (s *Server) Fill() (free func() error, err error) {
	path := filepath.Join(fmt.Sprintf("/proc/%d/root", s.cmd.Process.Pid), s.disk(), "filler")
	f, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	block := make([]byte, 4096)
	for err == nil {
		_, err = f.Write(block)
	}
	return func() error { return os.Remove(path) }, f.Close()
}
