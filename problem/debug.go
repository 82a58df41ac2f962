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

// DebugLoopback is a [Config.Debug] that trusts callers on this machine. The peer and
// the requested host must be loopback addresses, and no header may say that the request
// was forwarded. The check of the host keeps web pages out that point their own DNS
// name at this machine.
//
// Do not use DebugLoopback behind a local proxy that adds no such header and calls this
// service localhost: all clients of that proxy would be trusted.
func DebugLoopback(r *http.Request) bool {
	for name := range r.Header {
		switch name = http.CanonicalHeaderKey(name); {
		case name == "Forwarded", name == "Via", strings.HasPrefix(name, "X-Forwarded"), strings.HasPrefix(name, "X-Original"),
			strings.HasSuffix(name, "-Ip"), strings.HasSuffix(name, "-Clientip"), name == "Cdn-Loop", name == "X-Envoy-External-Address":
			return false
		}
	}
	peer, _ := netip.ParseAddrPort(r.RemoteAddr)
	return peer.Addr().Unmap().IsLoopback() && isLoopbackHost(r.Host)
}

func isLoopbackHost(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	addr, _ := netip.ParseAddr(strings.Trim(host, "[]"))
	return strings.EqualFold(host, "localhost") || addr.Unmap().IsLoopback()
}

// watch asks [Config.Debug] once. If it says yes, the begin of the body is kept.
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

// wantsDebug reports whether the request asks for the debug block.
func wantsDebug(r *http.Request) bool {
	v := r.Header["X-Debug"]
	return len(v) == 1 && strings.EqualFold(v[0], "true")
}

// opens calls [Config.Debug]. A panic means no.
func (p *Responder) opens(r *http.Request) bool {
	defer func() { _ = recover() }()
	return p.cfg.Debug(r)
}

// watched returns what p has captured of an exchange, or nil.
func (p *Responder) watched(x *exchange.Exchange) *capture {
	if c, ok := x.Extra().Debug.(*capture); ok && c.p == p {
		return c
	}
	return nil
}

// capture is the result of [Config.Debug], and a request body that keeps what was read
// of it.
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

// debug returns the debug block of an exchange, or nil if [Config.Debug] has not said
// yes.
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
