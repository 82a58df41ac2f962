// Package requestid gives each exchange an ID: in the context, on every response,
// in every log record and error envelope.
//
//	ids, err := requestid.New(requestid.Config{})
//	http.ListenAndServe(addr, ids.Handler(mux))
//
// Most programs get the ID with middleware.Standard. An [Issuer] stands outside of
// everything that logs or refuses. It sets the header before the handler runs, so
// the ID is also on an answer that was flushed, refused or made after a panic.
//
// # Format
//
// An ID is "req_" and the 16 bytes of a random UUID in lower-case base32: 30
// characters with 122 random bits. It tells nothing about the host, the process or
// the time.
//
// # Trust
//
// An ID that a client sends is not adopted: a stranger could write into our logs,
// or give two requests one ID. A well-formed ID is logged as client_request_id.
// Behind a proxy that makes the IDs, say whom to trust:
//
//	requestid.Config{Trust: requestid.TrustPeers(netip.MustParsePrefix("10.0.0.0/8"))}
//
// An ID is adopted as a whole or not at all: 8 to 128 characters of A-Z a-z 0-9 - . _
// : @ + / = ~. The set is small because net/http accepts bytes in a header that no
// logger makes harmless.
//
// Some proxies accept less. Heroku's router accepts no "_" and replaces our ID;
// [Config.Generate] can make an ID without one.
package requestid

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/textproto"

	"github.com/backstop-go/backstop/internal/exchange"
)

// DefaultHeader is the header of an [Issuer] that names no other.
const DefaultHeader = "X-Request-ID"

// Config says where IDs come from. Its zero value is a working one.
type Config struct {
	// Header carries the ID on responses. Default [DefaultHeader].
	Header string

	// Generate makes an ID. It must be safe for concurrent use. One that panics,
	// or returns what is longer than 128 characters, empty or outside the
	// accepted set, gives way to the default. Default: see the package comment.
	Generate func() string

	// Trust says whether the peer of a request may choose its ID; it must be
	// safe for concurrent use. One that panics trusts nobody. Default: nobody.
	// See [TrustPeers].
	Trust func(*http.Request) bool

	// Inbound names the headers that may carry an ID to us. The first one that
	// is present counts. Default: Header alone.
	Inbound []string

	// Forward sets the ID on the request as well, under Header, for what looks
	// for it there: middlewares further in, and proxies that know no [Transport].
	// What the client has sent under that name is replaced. Default: the request
	// stays as it came.
	Forward bool

	// Trace finds the trace that a request belongs to, for the log. It never
	// becomes the request ID. One that panics has found none. Default: none.
	// [TraceParent] reads the W3C header.
	Trace func(*http.Request) (Trace, bool)
}

// An Issuer gives IDs to exchanges. It is safe for concurrent use. Make it with
// [New].
type Issuer struct {
	header   string
	generate func() string
	trust    func(*http.Request) bool
	inbound  []string
	trace    func(*http.Request) (Trace, bool)
	forward  bool
}

// New returns an Issuer. Later changes of cfg have no effect. It fails if a
// header has a name that no header can have.
func New(cfg Config) (*Issuer, error) {
	if cfg.Header == "" {
		cfg.Header = DefaultHeader
	}
	names := append([]string{cfg.Header}, cfg.Inbound...)
	var errs []error
	for i, name := range names {
		if !isToken(name) {
			errs = append(errs, fmt.Errorf("requestid: %q cannot name a header", name))
		}
		names[i] = textproto.CanonicalMIMEHeaderKey(name)
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	s := &Issuer{header: names[0], inbound: names[1:], generate: cfg.Generate, trust: cfg.Trust, trace: cfg.Trace, forward: cfg.Forward}
	if cfg.Inbound == nil {
		s.inbound = names
	}
	return s, nil
}

// Handler gives an ID to each exchange that has none, and sets it on the
// response. Of several Handlers around each other the outermost decides.
func (s *Issuer) Handler(next http.Handler) http.Handler {
	if next == nil {
		panic("requestid: nil handler")
	}
	return &exchange.Layer{Begin: s.begin, Next: next}
}

func (s *Issuer) begin(x *exchange.Exchange, w http.ResponseWriter, r *http.Request) *http.Request {
	id := x.ID()
	if id == "" {
		id = s.choose(x, r)
	}
	w.Header()[s.header] = x.Identify(&s.header, id)
	if s.forward {
		h := make(http.Header, len(r.Header)+1) // r is a copy that still shares its header
		maps.Copy(h, r.Header)
		h[s.header] = []string{x.ID()}
		r.Header = h
	}
	return r
}

// choose returns the ID of a new exchange, and notes what else the request says
// about itself.
func (s *Issuer) choose(x *exchange.Exchange, r *http.Request) string {
	if s.trace != nil {
		contained(func() {
			if t, ok := s.trace(r); ok {
				x.EditExtra(func(e *exchange.Extra) { e.TraceID, e.SpanID = t.TraceID, t.SpanID })
			}
		})
	}
	lines := s.received(r.Header)
	if lines == nil {
		return s.fresh()
	}
	trusted := false
	contained(func() { trusted = s.trust != nil && s.trust(r) })
	fault := check(lines)
	switch {
	case trusted && fault == "":
		return lines[0]
	case trusted:
		// Never the value: it was refused for what it may do to a log.
		slog.DebugContext(r.Context(), "inbound request ID refused", "reason", fault, "length", len(lines[0]))
	case fault == "":
		x.EditExtra(func(e *exchange.Extra) { e.ClientID = lines[0] })
	}
	return s.fresh()
}

// received returns the lines of the first inbound header that is present.
func (s *Issuer) received(h http.Header) []string {
	for _, name := range s.inbound {
		if lines := h[name]; len(lines) > 0 {
			return lines
		}
	}
	return nil
}

// FromContext returns the ID of the exchange, or "" if it has none.
func FromContext(ctx context.Context) string { return exchange.From(ctx).ID() }

// UpgradeHeader returns a header with the ID of r, for WebSocket upgraders,
// which do not send what was set on the response writer. Without an ID it is
// empty.
func UpgradeHeader(r *http.Request) http.Header {
	x := exchange.From(r.Context())
	if x.ID() == "" {
		return http.Header{}
	}
	return http.Header{x.IDHeader(): {x.ID()}}
}
