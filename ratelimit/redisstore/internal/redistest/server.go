// Package redistest runs real Redis servers for tests, each in a directory of
// its own and on a loopback port of its own, and can stop, kill and cut them
// off. What the machine runs by itself is left alone.
package redistest

import (
	"context"
	"errors"
	"math/rand/v2"
	"net"
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

// Server is a redis-server. Its methods are for one goroutine.
type Server struct {
	Addr string // host:port

	t    testing.TB
	dir  string
	args []string
	cmd  *exec.Cmd
}

// Start runs a server until the test ends. Further arguments are those of the
// command line, such as "--maxmemory", "1mb". It skips the test if there is no
// redis-server, or fails it if BACKSTOP_REDIS=required.
func Start(t testing.TB, args ...string) *Server {
	t.Helper()
	s := Reserve(t, args...)
	s.Run()
	return s
}

// Reserve is Start, except that the server does not run yet.
func Reserve(t testing.TB, args ...string) *Server {
	t.Helper()
	needs(t, "redis-server")
	s := &Server{Addr: "127.0.0.1:" + strconv.Itoa(freePort(t)), t: t, dir: t.TempDir(), args: args}
	if slices.Contains(args, "--cluster-enabled") {
		// Else the nodes would talk on port + 10000, beyond the last one.
		s.args = append(slices.Clone(args), "--cluster-port", strconv.Itoa(freePort(t)))
	}
	t.Cleanup(s.Kill)
	return s
}

func needs(t testing.TB, program string) {
	t.Helper()
	if _, err := exec.LookPath(program); err == nil {
		return
	}
	const how = "%s is not installed: apt-get install redis-server redis-sentinel redis-tools"
	if os.Getenv("BACKSTOP_REDIS") == "required" {
		t.Fatalf(how, program)
	}
	t.Skipf(how, program)
}

// handed are the ports that this process has given to its servers.
var handed sync.Map

// freePort picks a port below those that the system gives to connections: a
// server that is killed and started again must find its own port free.
func freePort(t testing.TB) int {
	t.Helper()
	for range 100 {
		port := 10_000 + rand.IntN(20_000)
		l, err := net.Listen("tcp", "127.0.0.1:"+strconv.Itoa(port))
		if err != nil {
			continue
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		if _, taken := handed.LoadOrStore(port, true); !taken {
			return port
		}
	}
	t.Fatal("no free port")
	return 0
}

// Run starts the server, or starts it again after [Server.Kill], and returns
// when it listens. Its data is gone, unless it was told to save.
// Further arguments are for this time only.
func (s *Server) Run(args ...string) {
	s.t.Helper()
	_, port, err := net.SplitHostPort(s.Addr)
	if err != nil {
		s.t.Fatal(err)
	}
	s.cmd = exec.Command("redis-server", append([]string{
		"--bind", "127.0.0.1", "--port", port, "--dir", s.dir,
		"--logfile", filepath.Join(s.dir, "log"), "--save", "", "--appendonly", "no",
	}, slices.Concat(s.args, args)...)...)
	if err := s.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.awaitListening()
}

func (s *Server) awaitListening() {
	s.t.Helper()
	Await(s.t, "a server listens on "+s.Addr, func() bool {
		conn, err := net.Dial("tcp", s.Addr)
		if err == nil {
			conn.Close()
		}
		return err == nil
	})
}

// Kill ends the server at once, as a crash would.
func (s *Server) Kill() {
	if s.cmd == nil {
		return
	}
	// This kills a frozen process, too. It is not a fault if the process has ended.
	if err := s.cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		s.t.Error(err)
	}
	if _, err := s.cmd.Process.Wait(); err != nil {
		s.t.Error(err)
	}
	s.cmd = nil
}

// Freeze stops the process where it is: connections stay, answers do not come.
func (s *Server) Freeze() { s.signal(syscall.SIGSTOP) }

// Thaw lets a frozen process go on.
func (s *Server) Thaw() { s.signal(syscall.SIGCONT) }

func (s *Server) signal(sig syscall.Signal) {
	s.t.Helper()
	if err := s.cmd.Process.Signal(sig); err != nil {
		s.t.Fatal(err)
	}
}

// Do sends one command on a connection of its own. An error reply fails the
// test.
func (s *Server) Do(args ...string) any {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	conn, err := Dial(ctx, s.Addr)
	if err != nil {
		s.t.Fatal(err)
	}
	defer conn.Close()
	reply, err := conn.Do(ctx, args...)
	if err != nil {
		s.t.Fatalf("%v = %v", args, err)
	}
	return reply
}

// Persuade sends a command until the server accepts it.
func (s *Server) Persuade(args ...string) {
	s.t.Helper()
	s.await(strings.Join(args, " ")+" is accepted", args, func(_ any, err error) bool { return err == nil })
}

// AwaitReply waits until the server refuses to read a key with an error code.
func (s *Server) AwaitReply(code string) {
	s.t.Helper()
	s.await(s.Addr+" answers "+code, []string{"GET", "x"}, func(_ any, err error) bool {
		var refused Error
		return errors.As(err, &refused) && strings.HasPrefix(string(refused), code)
	})
}

func (s *Server) await(what string, command []string, holds func(reply any, err error) bool) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	Await(s.t, what, func() bool {
		conn, err := Dial(ctx, s.Addr)
		if err != nil {
			return false
		}
		defer conn.Close()
		return holds(conn.Do(ctx, command...))
	})
}

// Pass lets all keys grow older at once.
func (s *Server) Pass(d time.Duration) {
	s.t.Helper()
	const script = `
		for _, key in ipairs(redis.call('KEYS', '*')) do
			local left = redis.call('PTTL', key)
			if left >= 0 then redis.call('PEXPIRE', key, left - ARGV[1]) end
		end`
	s.Do("EVAL", script, "0", strconv.FormatInt(d.Milliseconds(), 10))
}

// Await polls until the condition holds, and fails the test after 20 seconds.
func Await(t testing.TB, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !holds(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("after 20 s still not: %s", what)
		}
	}
}

// Cluster runs a Redis cluster of three primaries that answers for the slots
// it has, even if others are missing. Node i owns the slots from i·16384/3.
func Cluster(t testing.TB) [3]*Server {
	t.Helper()
	needs(t, "redis-cli")
	var nodes [3]*Server
	create := []string{"--cluster", "create"}
	for i := range nodes {
		nodes[i] = Start(t, "--cluster-enabled", "yes", "--cluster-node-timeout", "1000", "--cluster-require-full-coverage", "no")
		create = append(create, nodes[i].Addr)
	}
	cli := exec.Command("redis-cli", append(create, "--cluster-yes")...)
	if out, err := cli.CombinedOutput(); err != nil {
		t.Fatalf("redis-cli: %v\n%s", err, out)
	}
	for _, n := range nodes {
		n.awaitCluster()
	}
	return nodes
}

// StartBehind runs a cluster of one node that calls itself by the address of what
// stands before it, so that clients find their way back to it.
func StartBehind(t testing.TB, before func(server string) (addr string)) *Server {
	t.Helper()
	s := Reserve(t, "--cluster-enabled", "yes")
	_, port, err := net.SplitHostPort(before(s.Addr))
	if err != nil {
		t.Fatal(err)
	}
	s.args = append(s.args, "--cluster-announce-ip", "127.0.0.1", "--cluster-announce-port", port)
	s.Run()
	s.Do("CLUSTER", "ADDSLOTSRANGE", "0", "16383")
	s.awaitCluster()
	return s
}

func (s *Server) awaitCluster() {
	s.t.Helper()
	Await(s.t, "node "+s.Addr+" says cluster_state:ok", func() bool {
		info, _ := s.Do("CLUSTER", "INFO").(string)
		return strings.HasPrefix(info, "cluster_state:ok")
	})
}
