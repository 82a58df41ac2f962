package problem

import (
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"

	"github.com/backstop-go/backstop/internal/exchange"
)

const maxDebug = 8 << 10 // bytes of a stack, and of a body

// DebugLoopback is a [Config.Debug] that trusts callers on this machine: the peer
// is a loopback address, the host that it asked for is this machine too, which a
// page in a browser cannot bring about by way of its own DNS, and no header says
// that the request was forwarded. A local proxy that leaves no trace at all, and
// calls this service localhost, passes for its clients: do not configure this
// gate behind one.
func DebugLoopback(r *http.Request) bool {
	for name := range r.Header {
		switch name = http.CanonicalHeaderKey(name); {
		case name == "Forwarded", name == "Via", strings.HasPrefix(name, "X-Forwarded"), strings.HasPrefix(name, "X-Original"),
			strings.HasSuffix(name, "-Ip"), strings.HasSuffix(name, "-Clientip"), name == "Cdn-Loop", name == "X-Envoy-External-Address":
			return false
		}
	}
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	return err == nil && peer.Addr().Unmap().IsLoopback() && isLoopbackHost(r.Host)
}

func isLoopbackHost(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	addr, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return strings.EqualFold(host, "localhost") || err == nil && addr.Unmap().IsLoopback()
}

// watch asks the debug gate, once, and if it opens keeps the begin of the body.
func (p *Responder) watch(x *exchange.Exchange, r *http.Request) *http.Request {
	if p.cfg.Debug == nil || !wantsDebug(r) || p.watched(x) != nil {
		return r
	}
	c := &capture{p: p, open: p.opens(r)}
	if c.open && r.Body != nil && r.Body != http.NoBody {
		c.ReadCloser = r.Body
		r = r.WithContext(r.Context()) // a copy: the body of the original stays
		r.Body = c
	}
	x.EditExtra(func(e *exchange.Extra) { e.Debug = c })
	return r
}

// wantsDebug turns the lock that stands in the request.
func wantsDebug(r *http.Request) bool {
	v := r.Header["X-Debug"]
	return len(v) == 1 && strings.EqualFold(v[0], "true")
}

// opens turns the lock of the program. A gate that panics is shut.
func (p *Responder) opens(r *http.Request) (open bool) {
	defer func() {
		if recover() != nil {
			open = false
		}
	}()
	return p.cfg.Debug(r)
}

// watched returns what p has captured of an exchange, or nil if nobody has asked.
func (p *Responder) watched(x *exchange.Exchange) *capture {
	if c, ok := x.Extra().Debug.(*capture); ok && c.p == p {
		return c
	}
	return nil
}

// capture is what a gate has said, and a request body that remembers what was
// read of it.
type capture struct {
	io.ReadCloser
	p    *Responder
	open bool

	mu   sync.Mutex
	buf  []byte
	over bool // more was read than is kept
}

func (c *capture) Read(b []byte) (int, error) {
	n, err := c.ReadCloser.Read(b)
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.buf)+n > maxDebug {
		c.buf, c.over = nil, true
	}
	if !c.over {
		c.buf = append(c.buf, b[:n]...)
	}
	return n, err
}

// debug returns the debug block of an exchange whose gate p has opened.
func (p *Responder) debug(x *exchange.Exchange, e *Error) *Debug {
	if p.cfg.Debug == nil {
		return nil
	}
	c := p.watched(x)
	if c == nil || !c.open {
		return nil
	}
	d := &Debug{}
	if s, ok := as[exchange.Panic](e); ok {
		d.Stack = cutText(s.PanicStack(), maxDebug)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if json.Valid(c.buf) {
		d.Body = p.redacted(c.buf)
	}
	return d
}
