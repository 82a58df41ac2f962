package exchange

import (
	"net/http"
	"strconv"
)

// Rate is the decision of one limiter. The decisions of all limiters that a request
// has passed form a chain, from the inside out. A Rate is not changed after
// [Exchange.AddRate].
type Rate struct {
	Decision any   // what only the limiter understands
	Families uint8 // the families of header fields that show it: bit i is Families[i]

	outer *Rate
}

// Outer returns the decision that was added before r, or nil.
func (r *Rate) Outer() *Rate { return r.outer }

// Shown returns the families that show r or the decision of an outer limiter.
func (r *Rate) Shown() (families uint8) {
	for ; r != nil; r = r.outer {
		families |= r.Families
	}
	return families
}

// AddRate adds a decision as the innermost one. It does nothing if x is nil.
func (x *Exchange) AddRate(r *Rate) {
	if x == nil {
		return
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	r.outer, x.rate = x.rate, r
}

// LastRate returns the decision of the innermost limiter so far, or nil.
func (x *Exchange) LastRate() *Rate {
	if x == nil {
		return nil
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.rate
}

// inform keeps the fields of limiters when an informational answer is sent, because
// httputil.ReverseProxy clears the header afterwards.
func (x *Exchange) inform(h http.Header) {
	if x.LastRate().Shown() == 0 {
		return
	}
	x.EditExtra(func(e *Extra) {
		e.shown = http.Header{}
		for _, name := range RateFields() {
			if lines := h[name]; lines != nil {
				e.shown[name] = lines
			}
		}
	})
}

// sign is called under the lock, with a header that is about to be sent. It leaves
// one line in fields that httputil.ReverseProxy doubles when it adds the header of an
// upstream: the request ID, which is ours, and the numbers of limiters, of which the
// set that binds more stays. It sets what was lost behind an informational answer.
func (x *Exchange) sign(h http.Header) {
	if x.idHeader != nil {
		if lines := h[*x.idHeader]; len(lines) != 1 || lines[0] != x.id[0] {
			h[*x.idHeader] = x.id[:1:1]
		}
	}
	for name, lines := range x.Extra().shown {
		if h[name] == nil {
			h[name] = lines
		}
	}
	shown := x.rate.Shown()
	for i, f := range Families {
		if shown>>i&1 != 0 {
			f.single(h)
		}
	}
}

// Family is the header fields in which a limiter shows its numbers, in canonical
// spelling.
type Family struct{ Limit, Remaining, Reset string }

// Families are all families. The first one gives Reset as a Unix time, the second as
// a number of seconds from now.
var Families = [...]Family{
	{"X-Ratelimit-Limit", "X-Ratelimit-Remaining", "X-Ratelimit-Reset"},
	{"Ratelimit-Limit", "Ratelimit-Remaining", "Ratelimit-Reset"},
}

// The fields with a list of all limits. An inner limiter adds to the list.
const (
	RateLimitPolicy = "Ratelimit-Policy"
	RateLimit       = "Ratelimit"
)

// RateFields returns the names of all header fields of limiters.
func RateFields() (names []string) {
	for _, f := range Families {
		names = append(names, f.Limit, f.Remaining, f.Reset)
	}
	return append(names, RateLimitPolicy, RateLimit)
}

// single leaves one line in each field: the first, which is our limiter's, or the
// last, which is the upstream's.
func (f Family) single(h http.Header) {
	if len(h[f.Limit]) < 2 && len(h[f.Remaining]) < 2 && len(h[f.Reset]) < 2 {
		return
	}
	last := binds(h, f)
	for _, name := range [...]string{f.Limit, f.Remaining, f.Reset} {
		lines := h[name]
		switch {
		case len(lines) < 2 && !last || len(lines) == 0:
		case !last:
			h[name] = lines[:1:1]
		case len(lines) < 2:
			delete(h, name) // our limiter's, which does not go with the upstream's
		default:
			h[name] = lines[len(lines)-1:]
		}
	}
}

// binds reports whether the last lines of a family leave less room than the first
// ones: fewer units, or as many units and a later reset.
func binds(h http.Header, f Family) bool {
	first, last, ok := ends(h[f.Remaining])
	if !ok || first != last {
		return ok && last < first
	}
	first, last, ok = ends(h[f.Reset])
	return ok && last > first
}

// ends reads the first and the last line as numbers.
func ends(lines []string) (first, last int64, ok bool) {
	if len(lines) < 2 {
		return 0, 0, false
	}
	first, err1 := strconv.ParseInt(lines[0], 10, 64)
	last, err2 := strconv.ParseInt(lines[len(lines)-1], 10, 64)
	return first, last, err1 == nil && err2 == nil && last >= 0
}
