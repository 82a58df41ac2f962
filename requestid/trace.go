package requestid

import (
	"net/http"
	"strings"
)

// Trace names a trace and the caller's span, in lower-case hexadecimal.
type Trace struct {
	TraceID string // 32 digits
	SpanID  string // 16 digits
}

// TraceParent is a [Config.Trace] that reads the W3C traceparent header. A program that
// uses OpenTelemetry should take the span from the context instead:
//
//	func(r *http.Request) (requestid.Trace, bool) {
//		c := trace.SpanContextFromContext(r.Context())
//		return requestid.Trace{TraceID: c.TraceID().String(), SpanID: c.SpanID().String()}, c.IsValid()
//	}
//
// https://www.w3.org/TR/trace-context/#traceparent-header
func TraceParent(r *http.Request) (Trace, bool) {
	lines := r.Header["Traceparent"]
	if len(lines) != 1 {
		return Trace{}, false
	}
	const (
		traceAt = len("00-")
		spanAt  = traceAt + 32 + len("-")
		flagsAt = spanAt + 16 + len("-")
		length  = flagsAt + 2
	)
	v := lines[0]
	if len(v) < length || v[traceAt-1] != '-' || v[spanAt-1] != '-' || v[flagsAt-1] != '-' {
		return Trace{}, false
	}
	version, t := v[:2], Trace{v[traceAt : spanAt-1], v[spanAt : flagsAt-1]}
	switch {
	case !isHex(version) || version == "ff",
		!isHex(t.TraceID) || isZero(t.TraceID),
		!isHex(t.SpanID) || isZero(t.SpanID),
		!isHex(v[flagsAt:length]):
		return Trace{}, false
	case len(v) > length && (version == "00" || v[length] != '-'):
		// Only versions after 00 may append members.
		return Trace{}, false
	}
	return t, true
}

func isHex(s string) bool  { return strings.Trim(s, "0123456789abcdef") == "" }
func isZero(s string) bool { return strings.Trim(s, "0") == "" }
