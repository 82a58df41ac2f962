// Package examples_test builds the example programs, starts them, and asks them
// all the same questions.
package examples_test

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// programs are the examples that promise the same bytes. The directory is the
// name of the program.
var programs = []string{"stdlib", "chi", "gin", "echo"}

// bin is where TestMain puts the programs.
var bin string

func TestMain(m *testing.M) {
	os.Exit(run(m))
}

func run(m *testing.M) int {
	var err error
	if bin, err = os.MkdirTemp("", "backstop-examples-"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(bin)
	for _, name := range programs {
		build := exec.Command("go", "build", "-C", name, "-o", filepath.Join(bin, name), ".")
		if out, err := build.CombinedOutput(); err != nil {
			fmt.Fprintf(os.Stderr, "%s: %v\n%s", strings.Join(build.Args, " "), err, out)
			return 1
		}
	}
	return m.Run()
}

// server is a running program.
type server struct {
	name, addr string
	cmd        *exec.Cmd
	stderr     bytes.Buffer  // to be read after stop
	rest       chan []byte   // what came on standard output after the first line
	exit       chan struct{} // closed when it is gone
	ids        []string      // of the answers, which the log should know
}

// start runs a program until the test ends, and waits for the line that says
// where it listens.
func start(t *testing.T, name string, args ...string) *server {
	t.Helper()
	s := &server{name: name, rest: make(chan []byte, 1), exit: make(chan struct{})}
	s.cmd = exec.Command(filepath.Join(bin, name), append([]string{"-addr", "127.0.0.1:0"}, args...)...)
	s.cmd.Stderr = &s.stderr
	stdout, err := s.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.stop(t) })
	lines := bufio.NewReader(stdout)
	line, err := lines.ReadString('\n')
	addr, ok := strings.CutPrefix(strings.TrimSuffix(line, "\n"), "listening on http://")
	if err != nil || !ok {
		t.Fatalf("%s %q says %q (%v), want where it listens", name, args, line, err)
	}
	s.addr = addr
	go func() {
		rest, _ := io.ReadAll(lines) // what cannot be read was not said
		s.rest <- rest
	}()
	return s
}

// startAll runs all programs with the same flags.
func startAll(t *testing.T, args ...string) []*server {
	t.Helper()
	var all []*server
	for _, name := range programs {
		all = append(all, start(t, name, args...))
	}
	return all
}

// stop ends a program as an operator would, and checks how it goes. A second
// call does nothing.
func (s *server) stop(t *testing.T) {
	t.Helper()
	select {
	case <-s.exit:
		return
	default:
		close(s.exit)
	}
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Errorf("%s is gone before its time: %v", s.name, err)
	}
	late := time.AfterFunc(10*time.Second, func() {
		if err := s.cmd.Process.Kill(); err == nil {
			t.Errorf("%s still runs 10 s after SIGTERM", s.name)
		}
	})
	defer late.Stop()
	if rest := <-s.rest; len(rest) > 0 {
		t.Errorf("%s says more than one line on standard output: %q", s.name, rest)
	}
	if err := s.cmd.Wait(); err != nil {
		t.Errorf("%s after SIGTERM: %v, want exit status 0\n%s", s.name, err, s.stderr.String())
	}
}

func TestBadFlagsAreOneLineAndStatus2(t *testing.T) {
	for _, args := range []string{
		"-rate 0", "-rate -5", "-rate x", "-rate 1.5", "-rate 9223372036854775807", "-rate 1844674407370955162",
		"-timeout -1s", "-timeout 0", "-timeout 5", "-timeout soon",
		"-style xml", "-style EntryGuard", "-style=",
		"-addr 127.0.0.1", "-addr 127.0.0.1:", "-addr=", "-addr 127.0.0.1:99999", "-addr 300.1.1.1:0", "-addr :x!",
		"-debug=maybe", "-nope", "extra", "-rate 0 -style xml",
	} {
		for _, name := range programs {
			var stdout, stderr bytes.Buffer
			cmd := exec.Command(filepath.Join(bin, name), strings.Fields(args)...)
			cmd.Stdout, cmd.Stderr = &stdout, &stderr
			err := cmd.Start()
			if err != nil {
				t.Fatal(err)
			}
			late := time.AfterFunc(10*time.Second, func() { cmd.Process.Kill() })
			err = cmd.Wait()
			late.Stop()
			var exit *exec.ExitError
			if !errors.As(err, &exit) || exit.ExitCode() != 2 {
				t.Errorf("%s %s: %v, want exit status 2", name, args, err)
			}
			if n := strings.Count(stderr.String(), "\n"); n != 1 || stdout.Len() > 0 {
				t.Errorf("%s %s says %q and %q, want one line on standard error", name, args, stdout.String(), stderr.String())
			}
		}
	}
}

func TestInterruptEndsAStreamGracefully(t *testing.T) {
	for _, s := range startAll(t) {
		req, err := http.NewRequest("GET", "http://"+s.addr+"/api/v1/events", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer user-token")
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		first := make([]byte, 1) // the stream has begun
		if _, err := io.ReadFull(resp.Body, first); err != nil {
			t.Fatal(err)
		}
		s.stop(t)
		rest, err := io.ReadAll(resp.Body)
		if n := bytes.Count(rest, []byte("data:")); n != 3 || err != nil {
			t.Errorf("%s, stopped amid a stream, sends %d events (%v), want all 3", s.name, n, err)
		}
	}
}

func TestAStreamHasNoDeadline(t *testing.T) {
	stream := call{method: "GET", target: "/api/v1/events", header: user}
	servers := startAll(t, "-timeout", "20ms") // three events take ten times as long
	for i, got := range askAll(servers, stream) {
		if len(got) != 1 || got[0].cut || strings.Count(got[0].body, "data:") != 3 {
			t.Errorf("%s streams %v, want three events", servers[i].name, got)
		}
	}
	for i, got := range askAll(servers, call{method: "GET", target: "/api/v1/faults/slow"}) {
		if len(got) != 1 || got[0].status != http.StatusGatewayTimeout {
			t.Errorf("%s answers %v past its deadline, want 504", servers[i].name, got)
		}
	}
}
