package ginadapter

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/backstop-go/backstop/internal/exchange"
)

const noneWritten = -1 // as gin's Size says it

// writer makes a gin.ResponseWriter of what a middleware has handed to its next
// handler. It is as lazy as gin's own: WriteHeader remembers a status, which
// may still change, and Write or WriteHeaderNow commits to it.
type writer struct {
	x      *exchange.Exchange
	w      http.ResponseWriter
	rec    *exchange.Recorder // w itself, or nil if it is a foreign writer
	c      *gin.Context
	base   gin.ResponseWriter
	status int
	size   int
}

// TopRecorder lets the writer count as the recorder beneath: it holds nothing back
// that could still be sent.
func (s *writer) TopRecorder() *exchange.Recorder { return s.rec }

func (s *writer) Unwrap() http.ResponseWriter { return s.w }
func (s *writer) Header() http.Header         { return s.w.Header() }
func (s *writer) Size() int                   { return s.size }
func (s *writer) CloseNotify() <-chan bool    { return s.base.CloseNotify() }
func (s *writer) Pusher() http.Pusher         { return s.base.Pusher() }

// Written reports whether a status was committed to, by the handler or by a
// responder, which may also have taken one back.
func (s *writer) Written() bool {
	if s.rec == nil {
		return s.size != noneWritten
	}
	return s.rec.State() != exchange.Fresh || s.size != noneWritten && !s.rec.Silent()
}

// Status returns the status that was sent, or will be.
func (s *writer) Status() int {
	if s.rec != nil && s.rec.State() != exchange.Fresh {
		return s.rec.Status()
	}
	return s.status
}

func (s *writer) WriteHeader(status int) {
	switch {
	case status >= 400 && s.Written() && s.rec != nil && s.rec.Guarded():
		s.w.WriteHeader(status) // if the handler had begun a success, it has failed
	case 100 <= status && status < 200 && status != http.StatusSwitchingProtocols:
		// Not through gin's own writer, which would remember it as the last word.
		exchange.Innermost(s.w).WriteHeader(status)
	case status > 0 && !s.Written():
		s.status, s.size = status, noneWritten
	}
}

func (s *writer) WriteHeaderNow() {
	if s.Written() {
		return
	}
	s.size = 0
	s.w.WriteHeader(s.status)
	if outer, ok := s.w.(*writer); ok {
		outer.WriteHeaderNow()
	}
	if s.status == http.StatusSwitchingProtocols {
		// The one answer that a Hijack may follow, hence not to be remembered by
		// the lazy writer at the base.
		s.base.WriteHeaderNow()
	}
}

// explain leaves the last error of the handlers as the reason of their status.
func (s *writer) explain() {
	if last := s.c.Errors.Last(); last != nil {
		s.x.EditExtra(func(e *exchange.Extra) { e.Reason = last.Err })
	}
}

// settle tells the middlewares the status of an answer without a body. gin
// itself commits to it after they have returned.
func (s *writer) settle() {
	if !s.Written() && s.status != http.StatusOK {
		s.w.WriteHeader(s.status)
	}
}

func (s *writer) Write(p []byte) (int, error) {
	s.WriteHeaderNow()
	return s.wrote(s.w.Write(p))
}

// wrote counts body bytes. What is written behind an answer of a responder is
// dropped in silence: gin would add its error to those that a handler has left.
func (s *writer) wrote(n int, err error) (int, error) {
	if errors.Is(err, http.ErrContentLength) && s.x.StateOf(s.w) == exchange.Rendered {
		return n, nil
	}
	s.size = max(s.size, 0) + n
	return n, err
}

func (s *writer) WriteString(text string) (int, error) {
	s.WriteHeaderNow()
	return s.wrote(io.WriteString(s.w, text))
}

// FlushError commits and sends what was written so far.
func (s *writer) FlushError() error {
	s.WriteHeaderNow()
	s.explain() // an error is answered now, not when the handler returns
	return http.NewResponseController(s.w).Flush()
}

func (s *writer) Flush() {
	// Flush has no error to return; whoever wants it calls FlushError.
	s.FlushError()
}

// Hijack takes over the connection, unless a body was begun.
func (s *writer) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	if _, ok := exchange.Innermost(s.w).(http.Hijacker); !ok {
		return nil, nil, http.ErrNotSupported // gin's own writer would panic
	}
	conn, rw, err := http.NewResponseController(s.w).Hijack()
	if err == nil {
		s.size = max(s.size, 0)
	}
	return conn, rw, err
}
