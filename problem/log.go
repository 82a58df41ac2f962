package problem

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/backstop-go/backstop/internal/exchange"
)

// Event describes a failed exchange to [Config.OnError] and [Config.Level].
type Event struct {
	Request  *http.Request
	Error    *Error // made from Cause; a Forbidden even if Hidden
	Cause    error  // as the handler returned it
	Status   int    // that was sent, or would have been
	Code     string // that was sent, or would have been
	Aborted  bool   // the handler had begun another answer, so the connection was cut
	Hijacked bool   // the connection was hijacked, so nothing was sent
	Hidden   bool   // answered as NotFound, see [Config.HideForbidden]

	Level slog.Level // of the log record, unless [Config.Level] changes it
}

const (
	maxLogged     = 4 << 10 // bytes of a cause
	maxLoggedName = 200     // bytes of a method or a code
)

// report logs a failure and calls [Config.OnError], once for each failed exchange.
func (f *failure) report() {
	first := f.x.Fail(exchange.Failure{
		Failed: true, Aborted: f.aborted, Kind: uint8(f.view.Kind), Code: f.view.Code, Err: f.cause,
	})
	if !first {
		f.again()
		return
	}
	var ev *Event
	if f.p.cfg.Level != nil || f.p.cfg.OnError != nil {
		ev = f.event()
	}
	f.log(f.levelOf(ev), "request failed")
	if f.writeErr != nil {
		f.log(slog.LevelDebug, "error response was not delivered")
	}
	f.hook(ev)
}

func (f *failure) event() *Event {
	return &Event{
		Request: f.r, Error: f.err, Cause: f.cause, Status: f.view.Status, Code: f.view.Code,
		Aborted: f.aborted, Hijacked: f.hijacked, Hidden: f.hidden, Level: f.level(),
	}
}

// levelOf returns the result of [Config.Level], or f.level if there is none or it
// panics.
func (f *failure) levelOf(ev *Event) (level slog.Level) {
	if f.p.cfg.Level == nil {
		return f.level()
	}
	defer func() {
		if recover() != nil {
			level = f.level()
		}
	}()
	return f.p.cfg.Level(ev)
}

// level returns the level that [Config.Logger] documents.
func (f *failure) level() slog.Level {
	switch {
	case f.encodeErr != nil:
		return slog.LevelError
	case f.err.Kind() == ClientClosed:
		return slog.LevelDebug
	case f.aborted:
		return slog.LevelError
	case f.err.Kind() == RateLimited:
		return slog.LevelDebug
	case f.view.Status >= 500:
		return slog.LevelError
	}
	return slog.LevelInfo
}

// again logs an error that came after the answer, or after another failure.
func (f *failure) again() { f.log(slog.LevelDebug, "request failed after it was answered") }

// hook calls [Config.OnError], and logs its panic.
func (f *failure) hook(ev *Event) {
	if f.p.cfg.OnError == nil || f.err.Kind() == ClientClosed {
		return
	}
	defer func() {
		if value := recover(); value != nil {
			f.cause = fmt.Errorf("panic in problem.Config.OnError: %v", value)
			f.log(slog.LevelError, "hook failed")
		}
	}()
	f.p.cfg.OnError(f.r.Context(), ev)
}

// log writes one record. A panic of the logger is dropped, because the answer matters
// more.
func (f *failure) log(level slog.Level, msg string) {
	defer func() { recover() }()
	logger := f.p.cfg.Logger
	if logger == nil {
		logger = slog.Default()
	}
	if ctx := f.r.Context(); logger.Enabled(ctx, level) {
		logger.LogAttrs(ctx, level, msg, f.attrs()...)
	}
}

// attrs returns the attributes of a record. Some of them the client must not see.
func (f *failure) attrs() []slog.Attr {
	attrs := make([]slog.Attr, 0, 16)
	text := func(key, value string, limit int) {
		if value != "" {
			attrs = append(attrs, slog.String(key, cutText(value, limit)))
		}
	}
	flag := func(key string, set bool) {
		if set {
			attrs = append(attrs, slog.Bool(key, true))
		}
	}
	e := f.err
	text("request_id", f.x.ID(), maxLoggedName)
	text("method", f.r.Method, maxLoggedName)
	text("path", f.view.Path, maxPathText)
	text("pattern", cmp.Or(f.r.Pattern, f.x.Extra().Pattern), maxPathText)
	attrs = append(attrs, slog.Int("status", f.view.Status), slog.String("kind", e.Kind().String()))
	text("code", e.code.Name, maxLoggedName)
	text("cause", textOf(f.cause), maxLogged)
	flag("hidden", f.hidden)
	flag("aborted", f.aborted)
	flag("hijacked", f.hijacked)
	if e := f.upstream; e != nil {
		attrs = append(attrs, slog.Bool("remote", true), slog.Int("remote_status", e.code.Status))
		text("remote_request_id", e.RequestID(), maxLoggedName)
		if e.retry > 0 {
			attrs = append(attrs, slog.Int("remote_retry_after", seconds(e.retry)))
		}
	}
	text("truncated", strings.Join(f.truncated(), "; "), maxLogged)
	if f.encodeErr != nil {
		text("encoder", textOf(f.encodeErr), maxLogged)
	}
	if f.writeErr != nil {
		text("write", textOf(f.writeErr), maxLogged)
	}
	if f.stated != nil {
		text("swallowed", f.stated.Text, maxLogged)
	}
	if s, ok := as[exchange.Panic](f.cause); ok {
		text("stack", s.PanicStack(), 16*maxLogged)
	}
	return attrs
}

// truncated lists what the client was not told, because it exceeds a bound or the style
// has no place for it.
func (f *failure) truncated() []string {
	rest := f.err.extra()
	cut := slices.Clip(rest.cut)
	if len(f.err.text) > maxText {
		cut = append(cut, "text")
	}
	if f.view.cutPath {
		cut = append(cut, "path")
	}
	if n := rest.fields + f.view.cutFields; n > 0 {
		cut = append(cut, strconv.Itoa(n)+" fields")
	}
	for _, name := range f.view.dropped {
		cut = append(cut, "detail "+cutText(name, maxLoggedName)+": has no place")
	}
	return cut
}

// textOf returns the text of an error, or its type if its Error method panics.
func textOf(err error) (text string) {
	defer func() {
		if recover() != nil {
			text = fmt.Sprintf("%T", err)
		}
	}()
	return err.Error()
}

// as is [errors.AsType] for a tree in which a method may panic.
func as[E error](err error) (e E, ok bool) {
	defer func() { recover() }()
	return errors.AsType[E](err)
}
