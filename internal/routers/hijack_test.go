package routers_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
)

func TestPanicAfterHijackClosesTheConnection(t *testing.T) {
	plan{protocols: []string{single}}.run(t, func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Errorf("Hijack fails with %v", err)
			return
		}
		io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n")
		panic("boom")
	}, func(t *testing.T, s *site) {
		conn, err := net.Dial("tcp", s.server.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		io.WriteString(conn, "GET /case/1 HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n")
		conn.SetReadDeadline(time.Now().Add(10 * time.Second)) // in case the connection stays open
		b, err := io.ReadAll(bufio.NewReader(conn))
		if err != nil || !strings.HasPrefix(string(b), "HTTP/1.1 101 ") || strings.Contains(string(b), "{") {
			t.Errorf("the client reads %q (%v), want a 101 and then the end of the connection", b, err)
		}
		if sum := s.summary(t); !sum.Hijacked {
			t.Errorf("the summary is %+v, want it hijacked", sum)
		}
		s.wantRecords(t, 1)
	})
}

func TestHijackOfHTTP2IsNotSupportedAndHarmless(t *testing.T) {
	plan{protocols: []string{h2}}.run(t, func(w http.ResponseWriter, _ *http.Request) {
		if _, _, err := http.NewResponseController(w).Hijack(); !errors.Is(err, http.ErrNotSupported) {
			t.Errorf("Hijack = %v, want ErrNotSupported", err)
		}
		panic("boom")
	}, func(t *testing.T, s *site) {
		// gin's own writer panics instead, and the panic is answered with 500, too.
		wantEnvelope(t, s.get(), 500)
		s.summary(t)
	})
}

func TestWebSocketWorksAndEndsWithAPanic(t *testing.T) {
	plan{protocols: []string{single}}.run(t, func(w http.ResponseWriter, r *http.Request) {
		c, err := websocket.Accept(w, r, nil)
		if err != nil {
			t.Errorf("Accept fails with %v", err)
			return
		}
		kind, msg, err := c.Read(context.WithoutCancel(r.Context()))
		if err == nil {
			err = c.Write(context.WithoutCancel(r.Context()), kind, msg)
		}
		if err != nil {
			t.Errorf("the echo fails with %v", err)
		}
		panic("boom")
	}, func(t *testing.T, s *site) {
		ctx := t.Context()
		c, _, err := websocket.Dial(ctx, s.url, &websocket.DialOptions{HTTPClient: s.client})
		if err != nil {
			t.Fatalf("Dial fails with %v", err)
		}
		defer c.CloseNow()
		if err := c.Write(ctx, websocket.MessageText, []byte("hello")); err != nil {
			t.Fatal(err)
		}
		if _, msg, err := c.Read(ctx); string(msg) != "hello" {
			t.Errorf("the echo is %q (%v), want hello", msg, err)
		}
		if _, msg, err := c.Read(ctx); err == nil {
			t.Errorf("after the panic the client reads %q, want the end of the connection", msg)
		}
		s.summary(t)
		s.wantRecords(t, 1)
	})
}
