package postgres

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"testing"
)

// childEnv and urlEnv tell this program, when a test starts it again, what to do and where.
const (
	childEnv = "LATCHKEY_TEST_CHILD"
	urlEnv   = "LATCHKEY_TEST_URL"
)

// childOf does what a test wants of a process of its own, and says whether there was anything.
func childOf(what string) bool {
	ctx := context.Background()
	switch what {
	case "":
		return false
	case "open":
		fmt.Println("opening")
		s, err := Open(ctx, Options{URL: os.Getenv(urlEnv)})
		if err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		_ = s.Close()
		fmt.Println("opened")
	default:
		panic("unknown child " + what)
	}
	return true
}

// child is another process of this program.
type child struct {
	cmd *exec.Cmd
	out *bufio.Scanner
}

func startChild(t *testing.T, what, url string) *child {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childEnv+"="+what, urlEnv+"="+url)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	return &child{cmd, bufio.NewScanner(out)}
}

// says waits for the next line.
func (c *child) says() string {
	if !c.out.Scan() {
		return io.EOF.Error()
	}
	return c.out.Text()
}

// kill ends the process without asking.
func (c *child) kill() {
	_ = c.cmd.Process.Kill()
	_ = c.cmd.Wait()
}
