package problem

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"

	"github.com/backstop-go/backstop/internal/exchange"
)

// Config is the policy of a [Responder]. Its zero value is a working one.
type Config struct {
	// Style is the envelope. Default RFC9457.
	Style Style

	// Logger gets one record for each failed exchange, after the answer.
	// Default slog.Default(), at the time of use.
	Logger *slog.Logger

	// Map translates foreign errors, before anything else looks at them:
	// sql.ErrNoRows, say, or errors with texts in the caller's language. A nil
	// result means "not mine".
	Map func(context.Context, error) error

	// OnError is called once for each failed exchange, after the answer was
	// sent and logged. It is synchronous and must not block; a panic in it is
	// contained.
	OnError func(context.Context, *Event)

	// Debug opens the debug block to a request, for styles that have one. It is
	// asked once, before the body is read, and only of a request that carries
	// exactly one "X-Debug: true"; that header alone opens nothing. Such a
	// function looks for a caller whom it trusts, as [DebugLoopback] does.
	// Default: never.
	Debug func(*http.Request) bool

	// Redact names further members of a request body whose values a debug block
	// does not show. Case, "-" and "_" do not count.
	Redact []string

	// Challenge is the WWW-Authenticate of a 401. Default "Bearer".
	Challenge string

	// NoChallenge leaves WWW-Authenticate to the handlers.
	NoChallenge bool

	// HideForbidden answers Forbidden exactly as NotFound. It hides what is
	// said, not how long it took to say.
	HideForbidden bool
}

// Responder renders errors: a style and a policy. It is safe for concurrent
// use. Make it with [New].
type Responder struct {
	style     Style
	cfg       Config
	redact    []string
	challenge [3]string // plain, invalid_token, insufficient_scope
	lastBody  []byte    // what is sent when the encoder fails
	buffers   sync.Pool
}

// New returns a Responder. Later changes of cfg have no effect. It panics if
// the style or the challenge cannot work, because both are part of the
// program's text.
func New(cfg Config) *Responder {
	if cfg.Style.Name == "" && cfg.Style.ContentType == "" && cfg.Style.Append == nil {
		cfg.Style = RFC9457
	}
	if cfg.Challenge == "" {
		cfg.Challenge = "Bearer"
	}
	p := &Responder{style: cfg.Style, cfg: cfg, redact: redactedNames(cfg.Redact)}
	p.buffers.New = func() any { return new([]byte) }
	if p.style.FieldText == nil {
		p.style.FieldText = FieldText
	}
	if p.style.RateLimit == 0 {
		p.style.RateLimit = XRateLimit
	}
	if err := errors.Join(p.style.check(), p.setChallenge()); err != nil {
		panic(err)
	}
	view := p.plain(&View{})
	body, err := p.encode(nil, &view)
	if err != nil {
		panic(fmt.Errorf("problem: style %q cannot encode an internal error: %w", p.style.Name, err))
	}
	p.lastBody = body
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

// RateLimit returns the header families of the responder's style.
func (p *Responder) RateLimit() RateLimitHeaders { return p.style.RateLimit }

// Handler makes p the responder for everything below.
func (p *Responder) Handler(next http.Handler) http.Handler {
	if next == nil {
		panic("problem: nil handler")
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		x, r2 := exchange.Enter(r)
		x.SetResponder(p)
		r2 = p.watch(x, r2)
		defer exchange.CopyBack(r, r2)
		_, w = exchange.Record(w, x)
		next.ServeHTTP(w, r2)
	})
}

// HandlerFunc is a handler that may fail. The error that it returns is answered
// by [Respond].
type HandlerFunc func(http.ResponseWriter, *http.Request) error

// ServeHTTP calls f.
func (f HandlerFunc) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	x, r2 := exchange.Enter(r)
	defer exchange.CopyBack(r, r2)
	_, w = exchange.Record(w, x)
	if err := f(w, r2); err != nil {
		Respond(w, r2, err)
	}
}

// Respond answers a request with an error, through the responder that
// [FromContext] finds. See [Responder.Respond].
func Respond(w http.ResponseWriter, r *http.Request, err error) {
	FromContext(r.Context()).Respond(w, r, err)
}

// setChallenge prepares the three forms of WWW-Authenticate.
//
// https://www.rfc-editor.org/rfc/rfc6750#section-3
func (p *Responder) setChallenge() error {
	c := p.cfg.Challenge
	scheme, params, _ := strings.Cut(c, " ")
	if scheme == "" || strings.ContainsFunc(c, func(r rune) bool { return r < ' ' || r > '~' }) {
		return fmt.Errorf("problem: challenge %q is no challenge", c)
	}
	p.challenge = [3]string{c, c, c}
	if !strings.EqualFold(scheme, "Bearer") {
		return nil
	}
	sep := " "
	if params != "" {
		sep = ", "
	}
	p.challenge[1] = c + sep + `error="invalid_token"`
	p.challenge[2] = c + sep + `error="insufficient_scope"`
	return nil
}
