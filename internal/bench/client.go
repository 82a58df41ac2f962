package main

import (
	"cmp"
	"context"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
)

// request is what is sent, over and over.
type request struct {
	method, target, body string
	header               http.Header
	addr                 func(i uint64) string // of the client in round i; nil means httptest's
}

func (rq *request) new(i uint64) *http.Request {
	var body io.Reader
	if rq.body != "" {
		body = strings.NewReader(rq.body)
	}
	r := httptest.NewRequest(cmp.Or(rq.method, "GET"), cmp.Or(rq.target, "/"), body)
	maps.Copy(r.Header, rq.header)
	r.Header.Set("User-Agent", "bench")
	if rq.addr != nil {
		r.RemoteAddr = rq.addr(i)
	}
	return r
}

// A client sends one request again and again. Whatever net/http makes anew for
// each exchange, and a handler may write to, is new each time: a header map
// that was filled before is cheaper to fill, and a request that somebody has
// parsed is parsed for free.
type client struct {
	request *request
	first   *http.Request
	status  int // of the last answer
}

func newClient(rq *request) *client {
	// The context holds what a server puts into it, because a search for a value
	// that is not there passes all of them.
	ctx := context.WithValue(context.Background(), http.ServerContextKey, &http.Server{})
	ctx = context.WithValue(ctx, http.LocalAddrContextKey, net.Addr(&net.TCPAddr{}))
	return &client{request: rq, first: rq.new(0).WithContext(ctx)}
}

func (c *client) send(to *contender, i uint64) {
	if to.call != nil {
		c.status = to.call(i)
		return
	}
	r := new(http.Request)
	*r = *c.first
	r.Header = maps.Clone(c.first.Header)
	if c.request.body != "" {
		body := new(body)
		body.Reset(c.request.body)
		r.Body = body
	}
	if c.request.addr != nil {
		r.RemoteAddr = c.request.addr(i)
	}
	w := &writer{header: make(http.Header)}
	to.handler.ServeHTTP(w, r)
	c.status = cmp.Or(w.status, http.StatusOK)
}

type body struct{ strings.Reader }

func (*body) Close() error { return nil }

// writer is a response writer that keeps the status.
type writer struct {
	header http.Header
	status int
}

func (w *writer) Header() http.Header { return w.header }

func (w *writer) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
}

func (w *writer) Write(p []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	return len(p), nil
}

func (w *writer) WriteString(s string) (int, error) {
	w.WriteHeader(http.StatusOK)
	return len(s), nil
}

func (w *writer) Flush() { w.WriteHeader(http.StatusOK) }

// ok is what stands behind all middleware.
var ok = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Write(okBody) })

var okBody = []byte("ok")

// must is for constructors, whose arguments are part of the text here.
func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
