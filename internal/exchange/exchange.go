// Package exchange knows everything about one request and its answer: the ID, the
// responder, the decisions of limiters, the path as it came in, and how far the
// answer has come. There is one [Exchange] per request. The first of our
// middlewares makes it, puts it into the context, and puts a [Recorder] in front
// of net/http's writer. The others find it in the context. So the whole stack
// shares one copy of the request, outer layers see what inner ones have learned,
// and there is one place to ask about the answer, no matter who has wrapped the
// writer since.
//
// An Exchange is one allocation, with the copy of the request and the Recorder in
// it. A program that keeps the context keeps the request, too. An Exchange is
// never pooled: goroutines outlive handlers, and a body that shows up in somebody
// else's response is worse than an allocation.
//
// Code beneath [http.TimeoutHandler] may outlive the request, so everything that
// such code may ask for is behind a lock. The Recorder belongs to the goroutine
// that answers.
package exchange

import (
	"cmp"
	"context"
	"mime/multipart"
	"net"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
)

// Exchange is the state of one request. It is itself the request's context,
// which saves the allocation that context.WithValue makes.
type Exchange struct {
	context.Context // as the request came in

	mu        sync.Mutex
	id        [1]string // an array, so that a header value can point at it
	idHeader  *string   // the canonical name of the header that carries it
	responder Responder
	rate      *Rate
	path      string // of the URL; escaped if it cannot be told from Path alone
	failure   Failure
	extra     atomic.Pointer[Extra] // or nil; replaced under the lock
	rec       Recorder              // the outermost: what passes here is on the wire
	req       http.Request
}

// Responder is what renders errors: *problem.Responder.
type Responder interface {
	Respond(http.ResponseWriter, *http.Request, error)
}

// Failure is the error that an exchange ended in, for observers.
type Failure struct {
	Failed  bool
	Aborted bool   // after it had started, so the connection was cut
	Kind    uint8  // a problem.Kind
	Code    string // as sent
	Err     error  // as the handler returned it
}

// Extra holds what few exchanges have.
type Extra struct {
	ClientID        string // a well-formed request ID that the client sent and we did not adopt
	TraceID, SpanID string
	Debug           any             // what problem captures while its debug gate is open
	Pattern         string          // of the innermost copy of the request that our code has seen
	Reason          error           // for an error status that a handler has written by itself
	Form            *multipart.Form // of the innermost copy of the request that our code has seen

	shown    http.Header // the fields of limiters, as an informational answer has shown them
	writeErr error       // see WriteErr
	hijacked net.Conn
	exited   http.Header // see Exit
	offers   []waiting   // that the outermost recorder waits for, the oldest first; see [Exchange.Answer]
}

type key struct{}

// Value returns x itself for the package's own key.
func (x *Exchange) Value(k any) any {
	if k == (key{}) {
		return x
	}
	return x.Context.Value(k)
}

// From returns the exchange of a context, or nil.
func From(ctx context.Context) *Exchange {
	if x, ok := ctx.(*Exchange); ok {
		return x
	}
	x, _ := ctx.Value(key{}).(*Exchange)
	return x
}

// Enter returns the exchange of r. If there is none it makes one, with a copy of
// r that carries it and a writer that records; the caller then defers
// [Leave].
func Enter(w http.ResponseWriter, r *http.Request) (*Exchange, http.ResponseWriter, *http.Request) {
	x, _, w, r := EnterBeside[struct{}](w, r)
	return x, w, r
}

// EnterBeside is [Enter] for a layer that needs a T for each request. If there is
// no exchange yet, the exchange and the T are one allocation.
func EnterBeside[T any](w http.ResponseWriter, r *http.Request) (*Exchange, *T, http.ResponseWriter, *http.Request) {
	if x := From(r.Context()); x != nil {
		return x, new(T), w, r
	}
	both := new(struct {
		t T // first, because a last field of size 0 would be padded
		x Exchange
	})
	w, r = both.x.begin(r.Context(), w, r)
	return &both.x, &both.t, w, r
}

// EnterWith is [Enter] for a layer that adds to the context itself. The context
// ctx is derived from that of r. EnterWith makes one copy of r in any case.
func EnterWith(ctx context.Context, w http.ResponseWriter, r *http.Request) (*Exchange, http.ResponseWriter, *http.Request) {
	if x := From(ctx); x != nil {
		return x, w, r.WithContext(ctx)
	}
	x := new(Exchange)
	w, r = x.begin(ctx, w, r)
	return x, w, r
}

// begin makes x an exchange, and the context of a copy of r.
func (x *Exchange) begin(ctx context.Context, w http.ResponseWriter, r *http.Request) (http.ResponseWriter, *http.Request) {
	x.Context = ctx
	x.req = *r.WithContext(x) // inlined, so this allocates nothing
	if u := r.URL; u != nil {
		x.path = u.Path
		if u.RawPath != "" {
			x.path, x.rec.rawPath = u.EscapedPath(), true
		}
	}
	x.rec.closing = !r.ProtoAtLeast(1, 1)
	x.rec.head = r.Method == http.MethodHead
	return x.rec.over(w, x), &x.req
}

// Record returns w and its recorder if w is a recorder. Otherwise it puts a new
// recorder on top of w: a foreign writer may hold back bytes, and the recorders
// beneath it do not know of them.
func (x *Exchange) Record(w http.ResponseWriter) (*Recorder, http.ResponseWriter) {
	if r := Top(w); r != nil {
		return r, w
	}
	r := &Recorder{head: x.rec.head, closing: x.rec.closing}
	return r, r.over(w, x)
}

// Unwritten is [Exchange.Record] for a layer that answers a request by itself. The
// recorder knows that nothing of the answer of that layer has been written, whatever
// has become of the answer that the layer may be a part of.
func Unwritten(w http.ResponseWriter, r *http.Request) http.ResponseWriter {
	if x := From(r.Context()); x != nil {
		_, w = x.Record(w)
	}
	return w
}

// CopyBack gives to a request what was learned on its copy: the pattern, which
// outer layers log, and the multipart form, whose temporary files net/http removes.
// Both go to the exchange, too, because a router in between may make a copy that no
// outer layer sees.
func CopyBack(to, from *http.Request) {
	if x := From(from.Context()); x != nil {
		x.learn(to, from)
	}
	if to == from {
		return
	}
	to.Pattern = from.Pattern
	to.MultipartForm = from.MultipartForm
}

// Leave is [CopyBack] for a layer that ends, also by a panic; each layer defers it.
// The layer that has made the exchange ends the answer, too. An envelope that a
// foreign writer has not passed on is sent. Code that answers from now on runs on a
// goroutine of its own, and is too late.
func Leave(to, from *http.Request) {
	CopyBack(to, from)
	if x := From(from.Context()); x != nil && to != from && From(to.Context()) == nil {
		x.mu.Lock()
		x.rec.ended = true
		x.mu.Unlock()
		x.rec.end()
		if x.rec.quiet { // a writer further out may copy the header only now
			replaceHeader(x.rec.w.Header(), x.rec.rare.header)
		}
	}
}

// learn notes the pattern and the form of a copy of the request. All our code sees
// the copy that belongs to the exchange, so its pattern needs no note.
func (x *Exchange) learn(to, from *http.Request) {
	e := x.Extra()
	form, pattern := cmp.Or(from.MultipartForm, e.Form), e.Pattern
	if pattern == "" && from != &x.req && to != &x.req {
		pattern = from.Pattern // the innermost comes first
	}
	if form != e.Form || pattern != e.Pattern {
		x.EditExtra(func(e *Extra) { e.Form, e.Pattern = cmp.Or(form, e.Form), cmp.Or(e.Pattern, pattern) })
	}
}

// Request returns the copy of the request that carries x.
func (x *Exchange) Request() *http.Request { return &x.req }

// Path returns the path as it came in, escaped, before any StripPrefix, or ""
// outside an exchange.
func (x *Exchange) Path() string {
	switch {
	case x == nil:
		return ""
	case x.rec.rawPath:
		return x.path
	}
	u := url.URL{Path: x.path}
	return u.EscapedPath()
}

// ID returns the request ID, or "".
func (x *Exchange) ID() string {
	if x == nil {
		return ""
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.id[0]
}

// Identify sets the ID, and the canonical name of the header that carries it,
// unless x has an ID already. It returns the ID of x as a header value, which shares
// its memory with x. The value has the capacity 1, so an append to it copies.
func (x *Exchange) Identify(header *string, id string) []string {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.id[0] == "" {
		x.id[0], x.idHeader = id, header
	}
	return x.id[0:1:1]
}

// IDHeader returns the canonical name of the header that carries the ID, or "".
func (x *Exchange) IDHeader() string {
	if x == nil {
		return ""
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.idHeader == nil {
		return ""
	}
	return *x.idHeader
}

// Responder returns the innermost responder that the request reached, or nil.
func (x *Exchange) Responder() Responder {
	if x == nil {
		return nil
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.responder
}

// SetResponder makes r the responder. It stays so when the layer ends: a panic that
// is caught further out is still rendered in the envelope that was promised to this
// request.
func (x *Exchange) SetResponder(r Responder) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.responder = r
}

// Fail records the error that the exchange ended in, and reports whether it is
// the first: one exchange has one failure.
func (x *Exchange) Fail(f Failure) (first bool) {
	if x == nil {
		return true
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	first = !x.failure.Failed
	aborted := x.failure.Aborted || f.Aborted
	if first {
		x.failure = f
	}
	x.failure.Aborted = aborted
	return first
}

// Failure returns what [Exchange.Fail] recorded.
func (x *Exchange) Failure() Failure {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.failure
}

// Extra returns the rarer facts as they are now. They must not be changed; see
// [Exchange.EditExtra].
func (x *Exchange) Extra() *Extra {
	if x != nil {
		if e := x.extra.Load(); e != nil {
			return e
		}
	}
	return &none
}

var none Extra

// EditExtra replaces the rarer facts by a copy that edit has changed.
func (x *Exchange) EditExtra(edit func(*Extra)) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.editExtra(edit)
}

// editExtra is called under the lock.
func (x *Exchange) editExtra(edit func(*Extra)) {
	e := *x.Extra()
	edit(&e)
	x.extra.Store(&e)
}

// Layer is a handler that does something when a request comes in, and nothing when
// the handler has returned. Begin returns r, or a copy of r with more in it.
type Layer struct {
	Begin func(x *Exchange, w http.ResponseWriter, r *http.Request) *http.Request
	Next  http.Handler
}

// ServeHTTP calls Begin, and then the next handler.
func (l *Layer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	x, w, r2 := Enter(w, r)
	r2 = l.Begin(x, w, r2)
	defer Leave(r, r2)
	l.Next.ServeHTTP(w, r2)
}
