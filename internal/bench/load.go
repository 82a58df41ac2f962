package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// A server is one stack in a process of its own.
type server struct {
	stack   *wireStack
	url     string
	command *exec.Cmd
	in      io.Closer
}

// startServer runs this program again.
func startServer(name string) (*server, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	s := &server{stack: stackNamed(name), command: exec.Command(program, "serve", name)}
	s.command.Stderr = os.Stderr
	if s.in, err = s.command.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := s.command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := s.command.Start(); err != nil {
		return nil, err
	}
	s.url, err = bufio.NewReader(out).ReadString('\n')
	s.url = strings.TrimSpace(s.url)
	return s, err
}

// stop ends the process, which serves until its standard input ends.
func (s *server) stop() {
	s.in.Close()
	s.command.Wait()
}

// verify sends one request and looks at the answer.
func (s *server) verify(c *wireCase) error {
	method := http.MethodGet
	if c.body != "" {
		method = http.MethodPost
	}
	r, err := http.NewRequest(method, s.url, strings.NewReader(c.body))
	if err != nil {
		return err
	}
	if c.body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return err
	}
	if res.StatusCode != c.status {
		return fmt.Errorf("%s of %s = %d, want %d; body %q", c.name, s.stack.name, res.StatusCode, c.status, body)
	}
	for _, name := range s.stack.fields {
		if res.Header.Get(name) == "" {
			return fmt.Errorf("%s of %s has no header field %s in %v", c.name, s.stack.name, name, res.Header)
		}
	}
	if c.status >= 400 && !bytes.Contains(body, []byte("email")) {
		return fmt.Errorf("%s of %s does not name the field: %q", c.name, s.stack.name, body)
	}
	return nil
}

// load lets wrk send requests for one turn, and returns the nanoseconds of CPU
// time that one of them took in the server.
func (s *server) load(c *wireCase, script string, turn time.Duration) (float64, error) {
	args := []string{"-t1", "-c16", "-d" + strconv.Itoa(max(1, int(turn.Seconds()))) + "s", "-s", script, s.url}
	begin := cpuTimeOf(s.command.Process.Pid)
	out, err := exec.Command("wrk", args...).CombinedOutput()
	used := cpuTimeOf(s.command.Process.Pid) - begin
	if err != nil {
		return 0, fmt.Errorf("wrk: %w\n%s", err, out)
	}
	n, err := requestsIn(string(out), c.status)
	if err != nil {
		return 0, fmt.Errorf("%s of %s: %w", c.name, s.stack.name, err)
	}
	return float64(used) / float64(n), nil
}

var (
	wrkRequests = regexp.MustCompile(`(?m)^\s*(\d+) requests in`)
	wrkErrors   = regexp.MustCompile(`(?m)^\s*Non-2xx or 3xx responses: (\d+)`)
)

// requestsIn reads how many requests wrk reports, and fails unless all were
// answered with a status of the kind that was wanted.
func requestsIn(report string, status int) (int, error) {
	n := reported(wrkRequests, report)
	if n == 0 || strings.Contains(report, "Socket errors") {
		return 0, fmt.Errorf("wrk has sent nothing or lost something:\n%s", report)
	}
	failed := reported(wrkErrors, report)
	if status < 400 && failed > 0 || status >= 400 && failed != n {
		return 0, fmt.Errorf("%d of %d answers are errors, want status %d", failed, n, status)
	}
	return n, nil
}

func reported(what *regexp.Regexp, report string) int {
	match := what.FindStringSubmatch(report)
	if match == nil {
		return 0
	}
	n, err := strconv.Atoi(match[1])
	if err != nil {
		return 0 // more digits than a number has
	}
	return n
}
