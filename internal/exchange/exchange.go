// Package exchange holds what one request and its answer have come to: the ID,
// the responder, the rate decision, the path as it came in, the recorder. There
// is one [Exchange] per request. Whichever of our middlewares runs first puts
// it into the context, the others fill it in, so the whole stack shares one
// request copy, and outer middlewares see what inner ones learned.
//
// An Exchange is never pooled: goroutines outlive handlers, and a body that
// shows up in somebody else's response is worse than an allocation. Its members
// are locked, because code beneath [http.TimeoutHandler] may outlive it.
package exchange

import (
	"context"
	"mime/multipart"
	"net/http"
	"net/url"
	"sync"
)

// Exchange is the state of one request. It is itself the request's context,
// which saves the allocation that context.WithValue makes.
type Exchange struct {
	context.Context // as the request came in

	mu        sync.Mutex
	id        [1]string // an array, so that a header value can point at it
	idHeader  string
	responder Responder
	rate      *Rate
	path      string // Path and RawPath of the URL, kept apart because they are cheaper than the URL
	rawPath   string
	failure   Failure
	extra     *Extra
	own       Recorder
}

// Responder is what renders errors: *problem.Responder.
type Responder interface {
	Respond(http.ResponseWriter, *http.Request, error)
}

// Failure is the error that an exchange ended in, for observers.
type Failure struct {
	Failed  bool
	Aborted bool   // after it had started, so the connection was cut
	exited  bool   // see Exit
	Kind    uint8  // a problem.Kind
	Code    string // as sent
	Err     error  // as it was returned
}

// Extra holds what few exchanges have.
type Extra struct {
	ClientID        string // a well-formed request ID that the client sent and we did not adopt
	TraceID, SpanID string
	Debug           any             // what problem captures while its debug gate is open
	Form            *multipart.Form // of the innermost copy of the request that one of us has seen
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

// Enter returns the exchange of r. If there is none it makes one, and a copy of
// r that carries it; the caller then defers [CopyBack].
func Enter(r *http.Request) (*Exchange, *http.Request) {
	if x := From(r.Context()); x != nil {
		return x, r
	}
	return enter(r.Context(), r)
}

// EnterWith is [Enter] for a layer that adds to the context itself: the copy of
// r has ctx, which is derived from r's. It always makes a copy, and only one.
func EnterWith(ctx context.Context, r *http.Request) (*Exchange, *http.Request) {
	if x := From(ctx); x != nil {
		return x, r.WithContext(ctx)
	}
	return enter(ctx, r)
}

func enter(ctx context.Context, r *http.Request) (*Exchange, *http.Request) {
	x := &Exchange{Context: ctx}
	x.own.closing = !r.ProtoAtLeast(1, 1)
	if r.URL != nil {
		x.path, x.rawPath = r.URL.Path, r.URL.RawPath
	}
	return x, r.WithContext(x)
}

// CopyBack gives to the original of a copied request what was learned on the
// copy: the pattern, which outer layers log, and the multipart form, whose
// temporary files net/http removes. The form goes to the exchange too, for the
// router in between that copies the request and keeps it to itself.
func CopyBack(to, from *http.Request) {
	if form := from.MultipartForm; form != nil {
		if x := From(from.Context()); x != nil {
			x.EditExtra(func(e *Extra) { e.Form = form })
		}
	}
	if to == from {
		return
	}
	to.Pattern = from.Pattern
	to.MultipartForm = from.MultipartForm
}

// Path returns the path as it came in, escaped, before any StripPrefix, or ""
// outside an exchange.
func (x *Exchange) Path() string {
	if x == nil {
		return ""
	}
	u := url.URL{Path: x.path, RawPath: x.rawPath}
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

// Identify sets the ID and the header that carries it, unless there is one, and
// returns the ID that holds, as a header value that shares its memory with x.
// Its capacity is 1, so an append to it copies.
func (x *Exchange) Identify(header, id string) []string {
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
	return x.idHeader
}

// sign makes the ID the only value of its header. Whoever passes on the header of
// another answer, as httputil.ReverseProxy does, adds the ID of that one, and
// clears ours away after an early hint.
func (x *Exchange) sign(h http.Header) {
	if x == nil {
		return
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if lines := h[x.idHeader]; x.idHeader != "" && (len(lines) != 1 || lines[0] != x.id[0]) {
		h[x.idHeader] = x.id[:1:1]
	}
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

// SetResponder makes r the responder. Nobody resets it on the way out: a panic
// that is caught further out is still rendered in the envelope that was promised
// to this request.
func (x *Exchange) SetResponder(r Responder) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.responder = r
}

// Fail records the error that was answered. The first one that was sent stays.
func (x *Exchange) Fail(f Failure) {
	if x == nil {
		return
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	aborted, exited := x.failure.Aborted || f.Aborted, x.failure.exited
	if !x.failure.Failed {
		x.failure = f
	}
	x.failure.Aborted, x.failure.exited = aborted, exited
}

// Exit notes that the handler has exited its goroutine, and reports whether that
// is news: each Recover around it finds out.
func (x *Exchange) Exit() bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	news := !x.failure.exited
	x.failure.exited = true
	return news
}

// Failure returns what [Exchange.Fail] recorded.
func (x *Exchange) Failure() Failure {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.failure
}

// Extra returns a copy of the rarer facts.
func (x *Exchange) Extra() Extra {
	if x == nil {
		return Extra{}
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.extra == nil {
		return Extra{}
	}
	return *x.extra
}

// EditExtra changes the rarer facts.
func (x *Exchange) EditExtra(edit func(*Extra)) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.extra == nil {
		x.extra = new(Extra)
	}
	edit(x.extra)
}

// takeOwn returns the recorder within x to its first caller, and a new one to
// others.
func (x *Exchange) takeOwn() *Recorder {
	if x == nil {
		return new(Recorder)
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.own.x != nil {
		return &Recorder{x: x, closing: x.own.closing}
	}
	x.own.x = x
	return &x.own
}
