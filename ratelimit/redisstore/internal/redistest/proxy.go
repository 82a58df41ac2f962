package redistest

import (
	"io"
	"net"
	"sync/atomic"
	"testing"
)

// Proxy stands between a client and a server, and can lose replies: the server
// executes a command, and the client never learns of it.
type Proxy struct {
	Addr string

	lose atomic.Bool
	lost atomic.Int64
}

// NewProxy runs a proxy before the server of an address until the test ends.
func NewProxy(t testing.TB, server string) *Proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	p := &Proxy{Addr: l.Addr().String()}
	go func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return // the test has ended
			}
			go p.join(client, server)
		}
	}()
	return p
}

// LoseReplies says whether replies are lost from now on. Instead of a reply,
// the client sees its connection close.
func (p *Proxy) LoseReplies(lose bool) { p.lose.Store(lose) }

// Lost is the number of replies that were lost.
func (p *Proxy) Lost() int { return int(p.lost.Load()) }

func (p *Proxy) join(client net.Conn, addr string) {
	defer client.Close()
	server, err := net.Dial("tcp", addr)
	if err != nil {
		return
	}
	go func() {
		defer server.Close()
		io.Copy(server, client) // ends with either connection
	}()
	b := make([]byte, 64<<10)
	for {
		n, err := server.Read(b)
		if err != nil {
			return
		}
		if p.lose.Load() {
			p.lost.Add(1)
			return
		}
		if _, err := client.Write(b[:n]); err != nil {
			return
		}
	}
}
