package routers_test

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"net/textproto"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/backstop-go/backstop/middleware"
	"github.com/backstop-go/backstop/problem"
)

// stage is a server that plays one script after the other.
type stage struct {
	server  *httptest.Server
	newer   *http.Client
	script  atomic.Pointer[script]
	log     *lockedBuffer
	form    atomic.Bool // the handler is a [problem.HandlerFunc]
	refused atomic.Bool // the last script has ended with a write that failed

	summaries chan *middleware.Summary
	records   *records
}

func newStage(t testing.TB, standard bool, wrap mw) *stage {
	s := &stage{log: &lockedBuffer{}, summaries: make(chan *middleware.Summary, 1), records: &records{}}
	play := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f := problem.HandlerFunc(func(w http.ResponseWriter, r *http.Request) error {
			err := s.script.Load().play(w, r, !standard)
			s.refused.Store(err == errRefused)
			if err == errRefused {
				return nil
			}
			return err
		})
		switch {
		case !standard:
			f(w, r)
		case s.form.Load():
			f.ServeHTTP(w, r)
		default:
			problem.Respond(w, r, f(w, r))
		}
	})
	h := wrap(play)
	if !standard {
		h = wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			defer func() { s.summaries <- nil }()
			play(w, r)
		}))
	}
	if standard {
		errs := problem.New(problem.Config{Logger: slog.New(s.records)})
		h = middleware.Chain(middleware.Observe(func(_ *http.Request, sum *middleware.Summary) { s.summaries <- sum }), middleware.Standard(errs))(h)
	}
	s.server = httptest.NewUnstartedServer(h)
	s.server.Config.ErrorLog = log.New(s.log, "", 0)
	s.server.Config.Protocols = new(http.Protocols)
	s.server.Config.Protocols.SetHTTP1(true)
	s.server.Config.Protocols.SetUnencryptedHTTP2(true)
	s.server.Start()
	tr := &http.Transport{DisableCompression: true, Protocols: new(http.Protocols)}
	tr.Protocols.SetUnencryptedHTTP2(true)
	s.newer = &http.Client{Transport: tr, Timeout: 20 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	t.Cleanup(func() {
		tr.CloseIdleConnections()
		s.server.Close()
	})
	return s
}

// told is an answer as a client reads it.
type told struct {
	answer
	hints []string // the informational answers before it
	head  string   // status and header, sorted, without the fields that always differ
	raw   string   // the bytes after the answer, until the connection ends
}

func (a told) String() string {
	how := "whole"
	if a.err != nil {
		how = "cut"
	}
	return fmt.Sprintf("%v %s\n%.200q of %d bytes, %v, %s %q", a.hints, a.head, a.body, len(a.body), a.trailer, how, a.raw)
}

func headOf(status int, proto string, h http.Header, length int64) string {
	var lines []string
	for name, values := range h {
		if name != "Date" && name != "X-Request-Id" {
			lines = append(lines, fmt.Sprintf("%s: %q", name, values))
		}
	}
	slices.Sort(lines)
	return fmt.Sprintf("%s %d (%d) %s", proto, status, length, strings.Join(lines, ", "))
}

func (s *stage) ask(t testing.TB, method, protocol string) told {
	if protocol == h2 {
		return s.askNew(t, method)
	}
	conn, err := net.Dial("tcp", s.server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(20 * time.Second))
	old := protocol == h10
	if old {
		fmt.Fprintf(conn, "%s / HTTP/1.0\r\n\r\n", method)
	} else {
		fmt.Fprintf(conn, "%s / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", method)
	}
	all, failed := io.ReadAll(conn)
	var a told
	in := bufio.NewReader(bytes.NewReader(all))
	r := &http.Request{Method: method}
	for {
		resp, err := http.ReadResponse(in, r)
		if err != nil {
			a.err = errors.Join(err, failed)
			return a
		}
		head := headOf(resp.StatusCode, resp.Proto+fmt.Sprint(resp.TransferEncoding, resp.Close), resp.Header, resp.ContentLength)
		if resp.StatusCode < 200 {
			a.hints = append(a.hints, head)
			continue
		}
		a.answer = read(resp, nil)
		a.head = head
		if failed != nil {
			a.err = failed
		}
		rest, _ := io.ReadAll(in)
		a.raw = string(rest)
		return a
	}
}

func (s *stage) askNew(t testing.TB, method string) told {
	var a told
	ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{
		Got1xxResponse: func(code int, h textproto.MIMEHeader) error {
			a.hints = append(a.hints, headOf(code, "HTTP/2", http.Header(h), 0))
			return nil
		},
	})
	r, err := http.NewRequestWithContext(ctx, method, s.server.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := s.newer.Do(r)
	a.answer = read(resp, err)
	if err == nil {
		a.head = headOf(resp.StatusCode, resp.Proto, resp.Header, resp.ContentLength)
	}
	return a
}

// summary waits for the end of the request.
func (s *stage) summary(t testing.TB) *middleware.Summary {
	select {
	case sum := <-s.summaries:
		return sum
	case <-time.After(20 * time.Second):
		t.Fatal("the exchange does not end")
		return nil
	}
}
