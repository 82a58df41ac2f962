package questions

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Programs are the examples that promise the same bytes. The directory is the
// name of the program.
var Programs = []string{"stdlib", "chi", "gin", "echo"}

// Bin is where [Main] has put the programs.
var Bin string

// Main builds the programs, whose directories are in examples, runs the tests of
// a package, and returns the exit code.
func Main(m *testing.M, examples string) int {
	var err error
	if Bin, err = os.MkdirTemp("", "backstop-examples-"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(Bin)
	for _, name := range Programs {
		build := exec.Command("go", "build", "-C", filepath.Join(examples, name), "-o", filepath.Join(Bin, name), ".")
		if out, err := build.CombinedOutput(); err != nil {
			fmt.Fprintf(os.Stderr, "%s: %v\n%s", strings.Join(build.Args, " "), err, out)
			return 1
		}
	}
	return m.Run()
}

// Server is a running program.
type Server struct {
	Name, Addr string
	IDs        []string     // of the answers, for its caller
	Stderr     bytes.Buffer // to be read after Stop

	cmd  *exec.Cmd
	rest chan []byte   // what came on standard output after the first line
	exit chan struct{} // closed when it is gone
}

// Timeout is a value of -timeout under which [All] can be asked. On a busy machine a
// program needs some of it to read two megabytes, and some questions wait for it to end.
const Timeout = "800ms"

// Start runs a program until the test ends, and waits for the line that says
// where it listens.
func Start(t *testing.T, name string, args ...string) *Server {
	t.Helper()
	s := &Server{Name: name, rest: make(chan []byte, 1), exit: make(chan struct{})}
	s.cmd = exec.Command(filepath.Join(Bin, name), append([]string{"-addr", "127.0.0.1:0"}, args...)...)
	s.cmd.Stderr = &s.Stderr
	stdout, err := s.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Stop(t) })
	lines := bufio.NewReader(stdout)
	line, err := lines.ReadString('\n')
	addr, ok := strings.CutPrefix(strings.TrimSuffix(line, "\n"), "listening on http://")
	if err != nil || !ok {
		t.Fatalf("%s %q says %q (%v), want where it listens", name, args, line, err)
	}
	s.Addr = addr
	go func() {
		rest, _ := io.ReadAll(lines) // what cannot be read was not said
		s.rest <- rest
	}()
	return s
}

// StartAll runs all programs with the same flags.
func StartAll(t *testing.T, args ...string) []*Server {
	t.Helper()
	var all []*Server
	for _, name := range Programs {
		all = append(all, Start(t, name, args...))
	}
	return all
}

// Stop ends a program as an operator would, and checks how it goes. A second
// call does nothing.
func (s *Server) Stop(t *testing.T) {
	t.Helper()
	select {
	case <-s.exit:
		return
	default:
		close(s.exit)
	}
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Errorf("%s is gone before its time: %v", s.Name, err)
	}
	late := time.AfterFunc(10*time.Second, func() {
		if err := s.cmd.Process.Kill(); err == nil {
			t.Errorf("%s still runs 10 s after SIGTERM", s.Name)
		}
	})
	defer late.Stop()
	if rest := <-s.rest; len(rest) > 0 {
		t.Errorf("%s says more than one line on standard output: %q", s.Name, rest)
	}
	if err := s.cmd.Wait(); err != nil {
		t.Errorf("%s after SIGTERM: %v, want exit status 0\n%s", s.Name, err, s.Stderr.String())
	}
}
