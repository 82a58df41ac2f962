package problem

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"reflect"
	"sync"

	"github.com/backstop-go/backstop/internal/exchange"
)

// Config configures a [Responder]. Its zero value is usable.
type Config struct {
	// Style is the error format. Default [RFC9457].
	Style Style

	// Logger gets one record for each failed exchange, after the answer was sent. The
	// level is Info for a status of 4xx, Error for 5xx and for an answer that was
	// cut, and Debug for [RateLimited] and for a client that went away (499). Default
	// [slog.Default] at the time of use.
	Logger *slog.Logger

	// Level changes the level of a record. [Event.Level] is the level without it:
	//
	//	func(ev *problem.Event) slog.Level {
	//		if ev.Status == http.StatusNotFound {
	//			return slog.LevelDebug // scanners
	//		}
	//		return ev.Level
	//	}
	//
	// It is called once for each failed exchange, after the answer was sent. It must
	// be safe for concurrent use. A panic in it changes nothing. Default: the levels
	// that Logger documents.
	Level func(*Event) slog.Level

	// Map is called first, to translate errors that this package does not know, such
	// as sql.ErrNoRows. A nil result means that Map does not know the error either.
	// It must be safe for concurrent use.
	Map func(context.Context, error) error

	// OnError is called once for each failed exchange, after the answer was sent and
	// logged, but not for a client that went away. It must not block. A panic in it
	// is logged.
	OnError func(context.Context, *Event)

	// Debug reports whether the answer to a request may show a debug block, in a
	// style that has one. It is called once, before the body is read, and only if
	// the request has exactly one header "X-Debug: true". It must check that the
	// caller can be trusted, as [DebugLoopback] does. Default: no request.
	Debug func(*http.Request) bool

	// Redact names further members of a request body whose values a debug block must
	// not show. Case, "-", "_", "." and blanks do not count.
	Redact []string

	// Challenge is the WWW-Authenticate of each 401 and each [InsufficientScope] to
	// which the handler has not given one. If the scheme is Bearer, an error code is
	// added. Default "Bearer".
	Challenge string

	// NoChallenge leaves WWW-Authenticate to the handlers.
	NoChallenge bool

	// HideForbidden answers [Forbidden] exactly like [NotFound]; only the log tells
	// them apart. It does not hide that one may take longer than the other.
	HideForbidden bool
}

// Responder answers requests with errors in one [Style]. It is safe for concurrent
// use. The zero Responder is not usable; see [New].
type Responder struct {
	style     Style
	outcomes  [numKinds + 1]Outcome // complete, valid UTF-8, with one for ClientClosed
	shape     Outcome               // of Validation with a shape problem
	cfg       Config
	redact    []string
	challenge challenge
	lastBody  []byte // for when the encoder fails
	failures  sync.Pool
}

// New returns a Responder. Later changes of cfg have no effect. New panics if the style
// or the challenge has a fault, because that is a mistake of the program.
func New(cfg Config) *Responder {
	if reflect.ValueOf(cfg.Style).IsZero() {
		cfg.Style = RFC9457
	}
	if cfg.Style.RateLimit == 0 {
		cfg.Style.RateLimit = XRateLimit
	}
	challenge, err := newChallenge(cfg.Challenge)
	if err := errors.Join(cfg.Style.check(), err); err != nil {
		panic(err)
	}
	p := &Responder{
		style:     cfg.Style,
		cfg:       cfg,
		redact:    redactedNames(cfg.Redact),
		challenge: challenge,
	}
	for k := range p.outcomes {
		p.outcomes[k] = cfg.Style.outcome(Kind(k)).valid()
	}
	p.shape = cfg.Style.shape().valid()
	p.failures.New = func() any { return &failure{buf: make([]byte, 0, minPooled)} }
	view := p.plain()
	if p.lastBody, err = p.encode(nil, &view); err != nil {
		panic(fmt.Errorf("problem: style %q cannot encode an internal error: %w", cfg.Style.Name, err))
	}
	return p
}

// fallback answers requests that have reached no responder.
var fallback = sync.OnceValue(func() *Responder { return New(Config{}) })

// FromContext returns the innermost responder that the request has reached, or a
// default one for [RFC9457] if there is none.
func FromContext(ctx context.Context) *Responder {
	if p, ok := exchange.From(ctx).Responder().(*Responder); ok {
		return p
	}
	return fallback()
}

// Style returns the style, with a complete outcome for every kind.
func (p *Responder) Style() Style {
	s := p.style
	copy(s.Outcomes[:], p.outcomes[:])
	s.Shape = p.shape
	return s
}

// RateLimit returns the header families of the responder's style.
func (p *Responder) RateLimit() RateLimitHeaders { return p.style.RateLimit }

// Handler makes p the responder for next and all that next calls. If there is another
// responder further in, the innermost one that the request has reached answers, even if
// a panic is caught further out. Handler panics if next is nil.
func (p *Responder) Handler(next http.Handler) http.Handler {
	if next == nil {
		panic("problem: nil handler")
	}
	return &exchange.Layer{Begin: p.begin, Next: next}
}

func (p *Responder) begin(x *exchange.Exchange, _ http.ResponseWriter, r *http.Request) *http.Request {
	x.SetResponder(p)
	return p.watch(x, r)
}

// HandlerFunc is an [http.Handler] made of a function that may return an error.
// [Respond] answers the error.
type HandlerFunc func(http.ResponseWriter, *http.Request) error

// ServeHTTP calls f, and answers its error with [Respond].
func (f HandlerFunc) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	x, w, r2 := exchange.Enter(w, r)
	defer exchange.Leave(r, r2)
	_, w = x.Record(w)
	if err := f(w, r2); err != nil {
		Respond(w, r2, err)
	}
}

// Respond calls [Responder.Respond] of the responder that [FromContext] returns.
func Respond(w http.ResponseWriter, r *http.Request, err error) {
	FromContext(r.Context()).Respond(w, r, err)
}
