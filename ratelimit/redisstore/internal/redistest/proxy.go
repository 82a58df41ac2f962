package redistest

import (
	"bytes"
	"net"
	"sync/atomic"
	"testing"
)

// Proxy stands between clients and a server, and can lose a reply: the server
// executes a command, and the client never learns of it.
type Proxy struct {
	Addr string

	lose atomic.Pointer[[]byte] // the command whose reply is lost next
}

// NewProxy runs a proxy before the server of an address until the test ends.
func NewProxy(t testing.TB, server string) *Proxy {
	t.Helper()
	p := &Proxy{}
	p.Addr = accept(t, func(client net.Conn) { p.join(client, server) })
	return p
}

// accept listens until the test ends, and hands over each connection.
func accept(t testing.TB, join func(net.Conn)) (addr string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return // the test has ended
			}
			go join(client)
		}
	}()
	return l.Addr().String()
}

// LoseNext loses the reply to the next command of a name: instead of it, the
// client sees its connection close. What comes after that is let through, so
// that a client that tries again succeeds.
func (p *Proxy) LoseNext(command string) {
	name := []byte(command)
	p.lose.Store(&name)
}

// Lost reports whether the reply is lost by now.
func (p *Proxy) Lost() bool { return p.lose.Load() == nil }

func (p *Proxy) join(client net.Conn, addr string) {
	defer client.Close()
	server, err := net.Dial("tcp", addr)
	if err != nil {
		return
	}
	var cut atomic.Bool
	go func() {
		defer server.Close()
		pass(server, client, func(b []byte) bool {
			if name := p.lose.Load(); name != nil && bytes.Contains(b, *name) && p.lose.CompareAndSwap(name, nil) {
				cut.Store(true)
			}
			return true
		})
	}()
	pass(client, server, func([]byte) bool { return !cut.Load() })
}

// pass copies from one connection to another until either closes, or until a
// chunk is not to be passed on.
func pass(to, from net.Conn, ok func([]byte) bool) {
	b := make([]byte, 64<<10)
	for {
		n, err := from.Read(b)
		if err != nil || !ok(b[:n]) {
			return
		}
		if _, err := to.Write(b[:n]); err != nil {
			return
		}
	}
}
