package requestid

import (
	"context"
	"log/slog"
	"reflect"
	"slices"

	"github.com/backstop-go/backstop/internal/exchange"
)

// Attrs returns the attributes request_id, client_request_id, trace_id and span_id of
// the exchange, each if there is one. It is for code that does not use
// [NewLogHandler].
func Attrs(ctx context.Context) []slog.Attr {
	x := exchange.From(ctx)
	e := x.Extra()
	return slices.DeleteFunc([]slog.Attr{
		slog.String("request_id", x.ID()),
		slog.String("client_request_id", e.ClientID),
		slog.String("trace_id", e.TraceID),
		slog.String("span_id", e.SpanID),
	}, func(a slog.Attr) bool { return a.Value.String() == "" })
}

// NewLogHandler returns a handler that adds [Attrs] of the context to each record. It
// adds them at the root, even if the logger has opened a group, so that one query finds
// every record of a request. It does not change a key that is there already.
//
// NewLogHandler panics if next is nil, or the handler that [log/slog] uses before the
// first [slog.SetDefault]: that handler writes through package log, which SetDefault
// sends back to slog.
func NewLogHandler(next slog.Handler) slog.Handler {
	if next == nil {
		panic("requestid: nil log handler")
	}
	if reflect.TypeOf(next).String() == "*slog.defaultHandler" {
		panic("requestid: slog's own default handler cannot be wrapped; wrap a slog.NewTextHandler or a slog.NewJSONHandler")
	}
	return &logHandler{next: next}
}

type logHandler struct {
	next slog.Handler
	has  []string // keys that WithAttrs has put at the root
	in   *scope   // innermost open group, or nil
}

// scope is an open group with the attributes that were added to it. The handler beneath
// never learns of a group before a record comes, because it could not add attributes at
// the root afterwards.
type scope struct {
	name  string
	attrs []slog.Attr
	outer *scope
}

// Enabled asks the handler beneath.
func (h *logHandler) Enabled(ctx context.Context, level slog.Level) bool {
	return h.next.Enabled(ctx, level)
}

// Handle adds the attributes.
func (h *logHandler) Handle(ctx context.Context, rec slog.Record) error {
	ids := Attrs(ctx)
	if h.in == nil {
		rec = rec.Clone()
		rec.AddAttrs(h.missing(ids, rec)...)
		return h.next.Handle(ctx, rec)
	}
	attrs := make([]slog.Attr, 0, rec.NumAttrs())
	rec.Attrs(func(a slog.Attr) bool { attrs = append(attrs, a); return true })
	for s := h.in; s != nil; s = s.outer {
		attrs = append(slices.Clip(s.attrs), attrs...)
		attrs = []slog.Attr{slog.GroupAttrs(s.name, attrs...)}
	}
	root := slog.NewRecord(rec.Time, rec.Level, rec.Message, rec.PC)
	root.AddAttrs(attrs...)
	root.AddAttrs(h.missing(ids, root)...)
	return h.next.Handle(ctx, root)
}

// missing returns those ids whose keys are not at the root of rec.
func (h *logHandler) missing(ids []slog.Attr, rec slog.Record) []slog.Attr {
	has := slices.Clip(h.has)
	rec.Attrs(func(a slog.Attr) bool { has = append(has, a.Key); return true })
	return slices.DeleteFunc(ids, func(a slog.Attr) bool { return slices.Contains(has, a.Key) })
}

// WithAttrs keeps attributes inside a group, and passes on attributes at the root.
func (h *logHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	h2 := *h
	if h.in != nil {
		in := *h.in
		in.attrs = append(slices.Clip(in.attrs), attrs...)
		h2.in = &in
		return &h2
	}
	h2.has = slices.Clip(h.has)
	for _, a := range attrs {
		h2.has = append(h2.has, a.Key)
	}
	h2.next = h.next.WithAttrs(attrs)
	return &h2
}

// WithGroup opens a group.
func (h *logHandler) WithGroup(name string) slog.Handler {
	if name == "" {
		return h
	}
	h2 := *h
	h2.in = &scope{name: name, outer: h.in}
	return &h2
}
