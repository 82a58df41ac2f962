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

// Config is the policy of a [Responder]. Its zero value is a working one.
type Config struct {
	// Style is the envelope. Default RFC9457.
	Style Style

	// Logger gets one record for each failed exchange, after the answer. Its level
	// is Info for a status of 4xx, Error for 5xx and for an answer that was cut, and
	// Debug for RateLimited and for a client that went away (499); see Level.
	// Default [slog.Default], at the time of use.
	Logger *slog.Logger

	// Level changes the level of a record, which is there as [Event.Level]:
	//
	//	func(ev *problem.Event) slog.Level {
	//		if ev.Status == http.StatusNotFound {
	//			return slog.LevelDebug // scanners
	//		}
	//		return ev.Level
	//	}
	//
	// It is asked once for each failed exchange, after the answer was sent. It must
	// be safe for concurrent use; one that panics changes nothing. Default: as under
	// Logger.
	Level func(*Event) slog.Level

	// Map translates foreign errors, before anything else looks at them:
	// sql.ErrNoRows, say, or errors with texts in the caller's language. A nil
	// result means "not mine".
	Map func(context.Context, error) error

	// OnError is called once for each failed exchange, after the answer was
	// sent and logged, but not for a client that went away. It is synchronous and
	// must not block; a panic in it is contained.
	OnError func(context.Context, *Event)

	// Debug opens the debug block to a request, for styles that have one. It is
	// asked once, before the body is read, and only of a request that carries
	// exactly one "X-Debug: true"; that header alone opens nothing. Such a
	// function looks for a caller whom it trusts, as [DebugLoopback] does.
	// Default: never.
	Debug func(*http.Request) bool

	// Redact names further members of a request body whose values a debug block
	// does not show. Case, "-", "_", "." and blanks do not count.
	Redact []string

	// Challenge is the WWW-Authenticate of a 401 that has none, and of every
	// InsufficientScope; a Bearer gets its error code added. Default "Bearer".
	Challenge string

	// NoChallenge leaves WWW-Authenticate to the handlers.
	NoChallenge bool

	// HideForbidden answers Forbidden exactly as NotFound, and only the log tells
	// them apart. It hides what is said, not how long it took to say.
	HideForbidden bool
}

// Responder renders errors: a style and a policy. It is safe for concurrent
// use. The zero Responder is not usable; see [New].
type Responder struct {
	style     Style
	outcomes  [numKinds + 1]Outcome // complete, valid UTF-8, with one for ClientClosed
	shape     Outcome               // of Validation with a shape problem
	cfg       Config
	redact    []string
	challenge challenge
	lastBody  []byte // what is sent when the encoder fails
	failures  sync.Pool
}

// New returns a Responder. Later changes of cfg have no effect. It panics if
// the style or the challenge cannot work, because both are part of the
// program's text.
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

// fallback speaks where nobody has chosen a style.
var fallback = sync.OnceValue(func() *Responder { return New(Config{}) })

// FromContext returns the innermost responder that the request has reached,
// or one for [RFC9457] if there is none.
func FromContext(ctx context.Context) *Responder {
	if p, ok := exchange.From(ctx).Responder().(*Responder); ok {
		return p
	}
	return fallback()
}

// Style returns the style, with a row for every kind.
func (p *Responder) Style() Style {
	s := p.style
	copy(s.Outcomes[:], p.outcomes[:])
	s.Shape = p.shape
	return s
}

// RateLimit returns the header families of the responder's style.
func (p *Responder) RateLimit() RateLimitHeaders { return p.style.RateLimit }

// Handler makes p the responder for everything below, until another one is met:
// the innermost responder that the request reached answers, also for a panic
// that is caught further out.
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

// HandlerFunc is a handler that may fail. The error that it returns is answered
// by [Respond].
type HandlerFunc func(http.ResponseWriter, *http.Request) error

// ServeHTTP calls f.
func (f HandlerFunc) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	x, w, r2 := exchange.Enter(w, r)
	defer exchange.Leave(r, r2)
	_, w = x.Record(w)
	if err := f(w, r2); err != nil {
		Respond(w, r2, err)
	}
}

// Respond answers a request with an error, through the responder that
// [FromContext] finds. See [Responder.Respond].
func Respond(w http.ResponseWriter, r *http.Request, err error) {
	FromContext(r.Context()).Respond(w, r, err)
}
