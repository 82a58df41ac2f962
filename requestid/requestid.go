// Package requestid gives each exchange an ID: in the context, on every response,
// in every log record and error envelope.
//
//	ids, err := requestid.New(requestid.Config{})
//	http.ListenAndServe(addr, ids.Handler(mux))
//
// Most programs get the ID with middleware.Standard. Put an [Issuer] outside of
// everything that logs or refuses. It sets the header before the handler runs, so
// every answer has the ID, even one that was flushed, refused or made after a panic.
//
// # Format
//
// An ID is "req_" and the 16 bytes of a random UUID in lower-case base32: 30
// characters with 122 random bits. It reveals nothing about the host, the process or
// the time.
//
// # Trust
//
// An Issuer does not adopt an ID that a client sends: a stranger could write into our
// logs, or give two requests the same ID. A well-formed ID is logged as
// client_request_id. If a proxy makes the IDs, trust the proxy:
//
//	requestid.Config{Trust: requestid.TrustPeers(netip.MustParsePrefix("10.0.0.0/8"))}
//
// An ID is adopted as a whole or not at all. It must have 8 to 128 characters of A-Z
// a-z 0-9 - . _ : @ + / = ~. The set is small because net/http accepts bytes in a header
// that are dangerous in a log.
//
// Some proxies accept less. Heroku's router does not accept "_" and replaces our ID; use
// [Config.Generate] to make an ID without it.
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

// Config configures an [Issuer]. Its zero value is usable. All functions must be safe
// for concurrent use.
type Config struct {
	// Header is the response header that carries the ID. Default [DefaultHeader].
	Header string

	// Generate makes an ID. If it panics, or returns an ID that is empty, longer
	// than 128 characters or outside of the accepted set, the default is used.
	// Default: the format in the package comment.
	Generate func() string

	// Trust reports whether the peer of a request may choose its ID, see
	// [TrustPeers]. A panic in it means no. Default: nobody may.
	Trust func(*http.Request) bool

	// Inbound names the request headers that may carry an ID. The first one that
	// is present counts. Default: only Header.
	Inbound []string

	// Forward also sets the ID on the request, under Header, for middlewares
	// further in that look for it there and for proxies that do not use a
	// [Transport]. It replaces the value that the client has sent. Default: the
	// request stays as it came.
	Forward bool

	// Trace returns the trace of a request, for the log, see [TraceParent]. The
	// trace never becomes the request ID. A panic in it means no trace. Default:
	// none.
	Trace func(*http.Request) (Trace, bool)
}

// An Issuer gives each exchange an ID. It is safe for concurrent use. Make it with
// [New].
type Issuer struct {
	header   string
	generate func() string
	trust    func(*http.Request) bool
	inbound  []string
	trace    func(*http.Request) (Trace, bool)
	forward  bool
}

// New returns an Issuer. Later changes of cfg have no effect. New fails if the name of a
// header is not valid.
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

// Handler gives an ID to each exchange that has none, and sets it on the response. If
// one Handler is inside another, the outer one chooses the ID. Handler panics if next is
// nil.
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

// choose returns the ID of a new exchange. It notes the trace and the client's own ID
// for the log.
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
		// The value is not logged: it was refused because it may harm a log.
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

// UpgradeHeader returns a header with the ID of r. It is for WebSocket upgraders, which
// do not send the header of the response writer. Without an ID it is empty.
func UpgradeHeader(r *http.Request) http.Header {
	x := exchange.From(r.Context())
	if x.ID() == "" {
		return http.Header{}
	}
	return http.Header{x.IDHeader(): {x.ID()}}
}
