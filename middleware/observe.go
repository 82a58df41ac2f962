package middleware

import (
	"cmp"
	"log/slog"
	"net/http"
	"time"

	"github.com/backstop-go/backstop/internal/exchange"
	"github.com/backstop-go/backstop/problem"
)

// Summary says what became of an exchange, in words that are safe to use as the
// labels of a metric: no path, no query, no header, no address.
type Summary struct {
	ID       string // the request ID, or ""
	Method   string // "_OTHER" if RFC 9110 and RFC 5789 do not know it
	Pattern  string // of the route, "" if none is known; see Observe
	Status   int    // 200 if the handler said nothing; 0 if hijacked before a status
	Bytes    int64  // of the body that were passed on
	Duration time.Duration
	Failed   bool         // an error was answered; Kind and Code are its own
	Kind     problem.Kind // see Failed
	Code     string       // as sent, see Failed
	Aborted  bool         // the connection was cut
	Hijacked bool
}

// Observe calls f once for each exchange, when the exchange has ended, whichever
// way the handler has left. Put it outside of the middlewares that f is to see the
// work of. The answer waits for f, so f must not block. A panic in f is logged and
// goes no further.
//
// An access log takes the path, the address and the user agent from the request.
// Metrics take everything from the [Summary].
//
// Summary.Pattern is the pattern of the route with [http.ServeMux], with gin or
// echo and their adapter, and with a chi whose Use has Observe. It is "" if no
// route matched, for gorilla/mux, and for gin and echo without their adapter. With
// echo, a wrong method has the pattern of its path. Below a subrouter of chi, or a
// group of echo that has middlewares, unknown paths and wrong methods have a pattern
// such as /notes/*. With a chi that Observe stands around, the pattern is "" for
// plain handlers, and known for routes that pass through a handler of this library,
// such as [problem.HandlerFunc].
func Observe(f func(*http.Request, *Summary)) func(http.Handler) http.Handler {
	if f == nil {
		panic("middleware: nil observer")
	}
	return func(next http.Handler) http.Handler {
		mustHave(next)
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			x, w, r2 := exchange.Enter(w, r)
			rec, w := x.Record(w)
			o := observation{f: f, x: x, r: r2, outer: r, w: w, rec: rec, began: time.Now()}
			defer o.end()
			next.ServeHTTP(w, r2)
			o.returned = true
		})
	}
}

type observation struct {
	f        func(*http.Request, *Summary)
	x        *exchange.Exchange
	r, outer *http.Request
	w        http.ResponseWriter
	rec      *exchange.Recorder
	began    time.Time
	returned bool
}

// end is deferred. It does not recover: what passes through goes on.
func (o *observation) end() {
	state := o.x.StateOf(o.w)
	exchange.Leave(o.outer, o.r)
	failure := o.x.Failure()
	s := &Summary{
		ID:       o.x.ID(),
		Method:   knownMethod(o.r.Method),
		Pattern:  cmp.Or(o.x.Extra().Pattern, o.r.Pattern),
		Status:   o.rec.Status(),
		Bytes:    o.rec.Bytes(),
		Duration: time.Since(o.began),
		Failed:   failure.Failed,
		Kind:     problem.Kind(failure.Kind),
		Code:     failure.Code,
		Aborted:  failure.Aborted || !o.returned && state < exchange.Rendered,
		Hijacked: state == exchange.Hijacked,
	}
	defer func() {
		if value := recover(); value != nil {
			slog.ErrorContext(o.r.Context(), "panic in the function of middleware.Observe", "value", format(value))
		}
	}()
	o.f(o.r, s)
}

// knownMethod keeps methods that clients invent out of metrics.
func knownMethod(method string) string {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch,
		http.MethodDelete, http.MethodConnect, http.MethodOptions, http.MethodTrace:
		return method
	}
	return "_OTHER"
}
