package redistest

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
)

// Master is the name under which [Sentinel] watches a primary.
const Master = "backstop"

// Sentinel runs a redis-sentinel until the test ends. It watches the primary of an
// address, and makes a replica of it the primary when that does not answer for
// half a second.
func Sentinel(t testing.TB, primary string) *Server {
	t.Helper()
	needs(t, "redis-sentinel")
	host, port, err := net.SplitHostPort(primary)
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{Addr: "127.0.0.1:" + strconv.Itoa(freePort(t)), t: t, dir: t.TempDir()}
	_, own, err := net.SplitHostPort(s.Addr)
	if err != nil {
		t.Fatal(err)
	}
	config := filepath.Join(s.dir, "sentinel.conf") // which it rewrites
	text := "bind 127.0.0.1\nport " + own + "\ndir " + s.dir + "\nlogfile " + filepath.Join(s.dir, "log") + "\n" +
		"sentinel monitor " + Master + " " + host + " " + port + " 1\n" +
		"sentinel down-after-milliseconds " + Master + " 500\n" +
		"sentinel failover-timeout " + Master + " 3000\n"
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	s.cmd = exec.Command("redis-sentinel", config)
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Kill)
	s.awaitListening()
	return s
}

// Follow makes the server a replica of another one, and waits until it is.
func (s *Server) Follow(primary *Server) {
	s.t.Helper()
	host, port, err := net.SplitHostPort(primary.Addr)
	if err != nil {
		s.t.Fatal(err)
	}
	s.Do("REPLICAOF", host, port)
	s.await(s.Addr+" is a replica", []string{"ROLE"}, func(reply any, _ error) bool {
		role, _ := reply.([]any)
		return len(role) > 3 && role[3] == "connected"
	})
}

// AwaitPrimary waits until the server is a primary. A sentinel that makes it one closes
// its connections, too.
func (s *Server) AwaitPrimary() {
	s.t.Helper()
	s.await(s.Addr+" is a primary", []string{"ROLE"}, func(reply any, _ error) bool {
		role, _ := reply.([]any)
		return len(role) > 0 && role[0] == "master"
	})
}
