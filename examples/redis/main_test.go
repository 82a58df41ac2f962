package main_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// binary is the program.
var binary string

func TestMain(m *testing.M) {
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "backstop-redis-")
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer os.RemoveAll(dir)
		binary = filepath.Join(dir, "redis-demo")
		if out, err := exec.Command("go", "build", "-o", binary, ".").CombinedOutput(); err != nil {
			fmt.Fprintf(os.Stderr, "go build: %v\n%s", err, out)
			return 1
		}
		return m.Run()
	}())
}

func TestTwoProcessesShareOneLimit(t *testing.T) {
	redis, killRedis := startRedis(t)
	one, two := startDemo(t, redis), startDemo(t, redis)

	// On a busy machine a process may give up on Redis and decide alone, so there are
	// several attempts. A process that decides alone admits only half of the limit.
	want := []int{200, 200, 200, 200, 429, 429}
	var got []int
	for attempt := 0; attempt < 10 && !slices.Equal(got, want); attempt++ {
		got = nil
		for _, url := range []string{one, one, one, one, two, one} {
			got = append(got, get(t, url, "client"+strconv.Itoa(attempt)))
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("four requests to one process, one to another, one to the first are answered %v, want %v", got, want)
	}
	if status := get(t, one+"/styles/enpass", "client0"); status != http.StatusOK {
		t.Errorf("a service with its own limits answers %d, want 200", status)
	}

	killRedis()
	for _, url := range []string{one, two} {
		if status := get(t, url, "later"); status != http.StatusOK {
			t.Errorf("a request after Redis was stopped is answered %d, want 200", status)
		}
	}
}

func TestTheDemoStartsWithoutRedis(t *testing.T) {
	url := startDemo(t, freeAddr(t))
	if status := get(t, url, "alone"); status != http.StatusOK {
		t.Errorf("a request without Redis is answered %d, want 200", status)
	}

	out, err := exec.Command(binary, "-redis", "http://user:s3cr3t@x").CombinedOutput()
	if err == nil || strings.Count(string(out), "\n") != 1 || strings.Contains(string(out), "s3cr3t") {
		t.Errorf("with -redis http://… the program ends with %v and prints %q, want an error in one line without the password", err, out)
	}
}

// get sends a request with an API key, and returns the status. Each key is a client.
func get(t *testing.T, url, key string) int {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url+"/api/v1/search?q=prod", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("X-API-Key", key)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	io.Copy(io.Discard, res.Body)
	return res.StatusCode
}

// startDemo runs the program until the test ends, and returns its URL.
func startDemo(t *testing.T, redis string) string {
	t.Helper()
	cmd := exec.Command(binary, "-addr", "127.0.0.1:0", "-rate", "4", "-redis", "redis://"+redis)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
			t.Error(err)
		}
		if err := cmd.Wait(); err != nil {
			t.Errorf("the demo ended with %v after SIGTERM, want exit status 0", err)
		}
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	url, ok := strings.CutPrefix(strings.TrimSpace(line), "listening on ")
	if err != nil || !ok {
		t.Fatalf("the first line of the demo is %q (%v), want the address on which it listens", line, err)
	}
	return url
}

// startRedis runs a server until the test ends, or until it is killed.
func startRedis(t *testing.T) (addr string, kill func()) {
	t.Helper()
	const how = "redis-server is not installed: apt-get install redis-server"
	if _, err := exec.LookPath("redis-server"); err != nil && os.Getenv("BACKSTOP_REDIS") == "required" {
		t.Fatal(how)
	} else if err != nil {
		t.Skip(how)
	}
	addr = freeAddr(t)
	_, port, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("redis-server", "--bind", "127.0.0.1", "--port", port, "--dir", t.TempDir(), "--save", "")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	kill = sync.OnceFunc(func() {
		if err := cmd.Process.Kill(); err != nil {
			t.Error(err)
		}
		if _, err := cmd.Process.Wait(); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(kill)
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		conn, err := net.Dial("tcp", addr)
		if err == nil {
			conn.Close()
			return addr, kill
		}
		if time.Now().After(deadline) {
			t.Fatalf("redis-server does not listen: %v", err)
		}
	}
}

func freeAddr(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}
