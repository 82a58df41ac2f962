package problem

import (
	"context"
	"errors"
	"log/slog"
	"net/http"

	"github.com/backstop-go/backstop/internal/exchange"
)

// Event is what Config.OnError learns of a failed exchange.
type Event struct {
	Request  *http.Request
	Error    *Error // as converted, and not yet hidden
	Cause    error  // as it was returned
	Status   int    // as sent
	Code     string // as sent
	Aborted  bool   // the handler had begun another answer, so the connection was cut
	Hijacked bool   // nothing could be sent
	Hidden   bool   // answered as NotFound, see Config.HideForbidden
}

// failure is one call of Respond.
type failure struct {
	p     *Responder
	x     *exchange.Exchange
	r     *http.Request
	cause error  // as it came
	err   *Error // as converted
	shown *Error // as rendered
	view  View

	aborted, hijacked, hidden, remote bool
	encodeErr, writeErr, flushErr     error
}

const (
	maxLogged     = 4 << 10 // of a cause
	maxLoggedPath = 1 << 10
)

// report logs and calls the hook.
func (f *failure) report() {
	f.x.Fail(exchange.Failure{
		Failed: true, Aborted: f.aborted, Kind: uint8(f.view.Kind), Code: f.view.Code,
	})
	level := slog.LevelInfo
	switch {
	case f.encodeErr != nil, f.aborted, f.view.Status >= 500:
		level = slog.LevelError
	case f.err.code.Kind == RateLimited, f.err.code.Kind == ClientClosed:
		level = slog.LevelDebug
	}
	f.log(level, "request failed")
	if f.writeErr != nil || f.flushErr != nil && !errors.Is(f.flushErr, http.ErrNotSupported) {
		f.log(slog.LevelDebug, "error response was not delivered")
	}
	f.hook()
}

// again logs an error that came after the answer. That of a panic is as grave
// as any panic.
func (f *failure) again() {
	level := slog.LevelDebug
	if stackOf(f.cause) != nil {
		level = slog.LevelError
	}
	f.log(level, "request failed after it was answered")
}

// hook calls OnError; a panic in it must not spoil an answer that was sent.
func (f *failure) hook() {
	if f.p.cfg.OnError == nil {
		return
	}
	defer func() {
		if value := recover(); value != nil {
			f.log(slog.LevelError, "panic in problem.Config.OnError")
		}
	}()
	f.p.cfg.OnError(f.r.Context(), &Event{
		Request: f.r, Error: f.err, Cause: f.cause, Status: f.view.Status, Code: f.view.Code,
		Aborted: f.aborted, Hijacked: f.hijacked, Hidden: f.hidden,
	})
}

// log writes one record. A logger that panics is not let near the answer.
func (f *failure) log(level slog.Level, msg string) {
	defer func() { _ = recover() }()
	logger := f.p.cfg.Logger
	if logger == nil {
		logger = slog.Default()
	}
	ctx := context.WithoutCancel(f.r.Context())
	if !logger.Enabled(ctx, level) {
		return
	}
	attrs := []slog.Attr{
		slog.String("method", cutText(f.r.Method, 32)),
		slog.String("path", cutText(f.view.Path, maxLoggedPath)),
	}
	if id := f.x.ID(); id != "" {
		attrs = append(attrs, slog.String("request_id", id))
	}
	if f.r.Pattern != "" {
		attrs = append(attrs, slog.String("pattern", f.r.Pattern))
	}
	attrs = append(attrs, slog.Int("status", f.view.Status), slog.String("kind", f.err.code.Kind.String()))
	if f.err.code.Name != "" {
		attrs = append(attrs, slog.String("code", f.err.code.Name))
	}
	attrs = append(attrs, slog.String("cause", cutText(f.cause.Error(), maxLogged)))
	for _, flag := range []struct {
		name string
		set  bool
	}{{"hidden", f.hidden}, {"aborted", f.aborted}, {"hijacked", f.hijacked}, {"remote", f.remote}} {
		if flag.set {
			attrs = append(attrs, slog.Bool(flag.name, true))
		}
	}
	if len(f.err.cut) > 0 {
		attrs = append(attrs, slog.Any("truncated", f.err.cut))
	}
	if f.encodeErr != nil {
		attrs = append(attrs, slog.String("encoder", cutText(f.encodeErr.Error(), maxLogged)))
	}
	if err := f.writeErr; err != nil {
		attrs = append(attrs, slog.String("write", cutText(err.Error(), maxLogged)))
	}
	var old interface{ Swallowed() string }
	if errors.As(f.cause, &old) {
		attrs = append(attrs, slog.String("swallowed", old.Swallowed()))
	}
	if s := stackOf(f.cause); s != nil {
		if stack := s.Stack(); stack != "" {
			attrs = append(attrs, slog.String("stack", stack))
		}
	}
	logger.LogAttrs(ctx, level, msg, attrs...)
}

// stacked is an error that knows where it panicked. Stack makes it readable,
// which is expensive, and may decline with "".
type stacked interface {
	error
	Stack() string
}

func stackOf(err error) stacked {
	var s stacked
	if errors.As(err, &s) {
		return s
	}
	return nil
}
