package redistest

import (
	"net"
	"sync"
	"testing"
	"time"
)

// Relay is the address of a server that is far away: it delays the bytes in both
// directions. [Relay.Lead] leads new connections to another server, like the address of
// a primary after a failover; old connections stay with the old server.
type Relay struct {
	Addr string

	delay   time.Duration // in each direction
	connect time.Duration // before each new connection

	mu     sync.Mutex
	server string
}

// NewRelay runs a relay until the test ends.
func NewRelay(t testing.TB, delay, connect time.Duration, server string) *Relay {
	t.Helper()
	r := &Relay{delay: delay, connect: connect, server: server}
	r.Addr = accept(t, r.join)
	return r
}

// Lead leads new connections to another server.
func (r *Relay) Lead(server string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.server = server
}

func (r *Relay) join(client net.Conn) {
	time.Sleep(r.connect)
	r.mu.Lock()
	addr := r.server
	r.mu.Unlock()
	server, err := net.Dial("tcp", addr)
	if err != nil {
		client.Close()
		return
	}
	go r.pass(server, client)
	r.pass(client, server)
}

// pass copies from one connection to another, later, until either closes.
func (r *Relay) pass(to, from net.Conn) {
	type packet struct {
		due  time.Time
		data []byte
	}
	packets := make(chan packet, 1024)
	go func() {
		defer close(packets)
		for {
			b := make([]byte, 16<<10)
			n, err := from.Read(b)
			if err != nil {
				return
			}
			packets <- packet{time.Now().Add(r.delay), b[:n]}
		}
	}()
	for p := range packets {
		time.Sleep(time.Until(p.due))
		if _, err := to.Write(p.data); err != nil {
			break
		}
	}
	to.Close()
	from.Close()
	for range packets { // its reader ends now
	}
}
