package exchange_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"

	"github.com/backstop-go/backstop/internal/exchange"
)

// plain is the least that a writer can be.
type plain struct {
	header http.Header
	wrote  strings.Builder
	status int
}

func (p *plain) Header() http.Header         { return p.header }
func (p *plain) Write(b []byte) (int, error) { return p.wrote.Write(b) }
func (p *plain) WriteHeader(status int)      { p.status = status }

// The optional interfaces, one at a time.
type (
	flusher  struct{ calls *[]string }
	hijacker struct{ calls *[]string }
	pusher   struct{ calls *[]string }
	reader   struct{ calls *[]string }
	notifier struct{ calls *[]string }
)

func (f flusher) Flush() { *f.calls = append(*f.calls, "Flush") }

func (h hijacker) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	*h.calls = append(*h.calls, "Hijack")
	return nil, nil, errors.New("not today")
}

func (p pusher) Push(string, *http.PushOptions) error {
	*p.calls = append(*p.calls, "Push")
	return nil
}

func (r reader) ReadFrom(src io.Reader) (int64, error) {
	*r.calls = append(*r.calls, "ReadFrom")
	return io.Copy(io.Discard, src)
}

func (n notifier) CloseNotify() <-chan bool {
	*n.calls = append(*n.calls, "CloseNotify")
	return nil
}

type base = http.ResponseWriter

// writers has a writer for each set of optional interfaces.
func writers(b base, calls *[]string) []base {
	f, h, p, r, c := flusher{calls}, hijacker{calls}, pusher{calls}, reader{calls}, notifier{calls}
	return []base{
		b,
		struct {
			base
			flusher
		}{b, f},
		struct {
			base
			hijacker
		}{b, h},
		struct {
			base
			pusher
		}{b, p},
		struct {
			base
			reader
		}{b, r},
		struct {
			base
			notifier
		}{b, c},
		struct {
			base
			flusher
			hijacker
		}{b, f, h},
		struct {
			base
			flusher
			pusher
		}{b, f, p},
		struct {
			base
			flusher
			reader
		}{b, f, r},
		struct {
			base
			flusher
			notifier
		}{b, f, c},
		struct {
			base
			hijacker
			pusher
		}{b, h, p},
		struct {
			base
			hijacker
			reader
		}{b, h, r},
		struct {
			base
			hijacker
			notifier
		}{b, h, c},
		struct {
			base
			pusher
			reader
		}{b, p, r},
		struct {
			base
			pusher
			notifier
		}{b, p, c},
		struct {
			base
			reader
			notifier
		}{b, r, c},
		struct {
			base
			flusher
			hijacker
			pusher
		}{b, f, h, p},
		struct {
			base
			flusher
			hijacker
			reader
		}{b, f, h, r},
		struct {
			base
			flusher
			hijacker
			notifier
		}{b, f, h, c},
		struct {
			base
			flusher
			pusher
			reader
		}{b, f, p, r},
		struct {
			base
			flusher
			pusher
			notifier
		}{b, f, p, c},
		struct {
			base
			flusher
			reader
			notifier
		}{b, f, r, c},
		struct {
			base
			hijacker
			pusher
			reader
		}{b, h, p, r},
		struct {
			base
			hijacker
			pusher
			notifier
		}{b, h, p, c},
		struct {
			base
			hijacker
			reader
			notifier
		}{b, h, r, c},
		struct {
			base
			pusher
			reader
			notifier
		}{b, p, r, c},
		struct {
			base
			flusher
			hijacker
			pusher
			reader
		}{b, f, h, p, r},
		struct {
			base
			flusher
			hijacker
			pusher
			notifier
		}{b, f, h, p, c},
		struct {
			base
			flusher
			hijacker
			reader
			notifier
		}{b, f, h, r, c},
		struct {
			base
			flusher
			pusher
			reader
			notifier
		}{b, f, p, r, c},
		struct {
			base
			hijacker
			pusher
			reader
			notifier
		}{b, h, p, r, c},
		struct {
			base
			flusher
			hijacker
			pusher
			reader
			notifier
		}{b, f, h, p, r, c},
	}
}

// use calls every optional method that w has, and names it.
func use(w http.ResponseWriter) (has []string) {
	if w, ok := w.(http.Flusher); ok {
		has = append(has, "Flush")
		w.Flush()
	}
	if w, ok := w.(http.Hijacker); ok {
		has = append(has, "Hijack")
		w.Hijack()
	}
	if w, ok := w.(http.Pusher); ok {
		has = append(has, "Push")
		w.Push("", nil)
	}
	if w, ok := w.(io.ReaderFrom); ok {
		has = append(has, "ReadFrom")
		w.ReadFrom(strings.NewReader("x"))
	}
	if w, ok := w.(interface{ CloseNotify() <-chan bool }); ok {
		has = append(has, "CloseNotify")
		w.CloseNotify()
	}
	return has
}

func TestEverySetOfInterfacesIsOfferedAndReached(t *testing.T) {
	var calls []string
	seen := map[string]bool{}
	for _, beneath := range writers(&plain{header: http.Header{}}, &calls) {
		calls = nil
		want := use(beneath)
		calls = nil
		_, w, _ := exchange.Enter(beneath, httptest.NewRequest("GET", "/", nil))
		got := use(w)
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("a recorder on %v offers %v", want, got)
		}
		if fmt.Sprint(calls) != fmt.Sprint(want) {
			t.Errorf("a recorder on %v reaches %v", want, calls)
		}
		if _, ok := w.(interface{ FlushError() error }); !ok {
			t.Errorf("a recorder on %v has no FlushError", want)
		}
		if size := reflect.TypeOf(w).Size(); size > reflect.TypeFor[*int]().Size() {
			t.Errorf("a recorder on %v takes %d bytes, so each one is an allocation", want, size)
		}
		seen[fmt.Sprint(got)] = true
	}
	if len(seen) != 32 {
		t.Errorf("%d sets were seen, want all 32", len(seen))
	}
}
