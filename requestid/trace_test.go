package requestid_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/backstop-go/backstop/requestid"
)

const (
	traceID = "4bf92f3577b34da6a3ce929d0e0e4736"
	spanID  = "00f067aa0ba902b7"
	parent  = "00-" + traceID + "-" + spanID + "-01"
)

func TestTraceParent(t *testing.T) {
	for _, tt := range []struct {
		name  string
		lines []string
		ok    bool
	}{
		{"version 0", []string{parent}, true},
		{"unknown flags", []string{"00-" + traceID + "-" + spanID + "-ff"}, true},
		{"a later version", []string{"cc" + parent[2:]}, true},
		{"a later version with more", []string{"cc" + parent[2:] + "-what-the-future-brings"}, true},
		{"a later version with more, without a separator", []string{"cc" + parent[2:] + "x"}, false},
		{"version 0 with more", []string{parent + "-more"}, false},
		{"version ff", []string{"ff" + parent[2:]}, false},
		{"none", nil, false},
		{"empty", []string{""}, false},
		{"two lines", []string{parent, parent}, false},
		{"upper case", []string{strings.ToUpper(parent)}, false},
		{"no hex", []string{"00-" + strings.Repeat("g", 32) + "-" + spanID + "-01"}, false},
		{"a zero trace", []string{"00-" + strings.Repeat("0", 32) + "-" + spanID + "-01"}, false},
		{"a zero span", []string{"00-" + traceID + "-0000000000000000-01"}, false},
		{"short", []string{parent[:54]}, false},
		{"other separators", []string{strings.ReplaceAll(parent, "-", "_")}, false},
		{"space around", []string{" " + parent}, false},
		{"flags no hex", []string{parent[:53] + "zz"}, false},
	} {
		r := &http.Request{Header: http.Header{"Traceparent": tt.lines}}
		got, ok := requestid.TraceParent(r)
		want := requestid.Trace{}
		if tt.ok {
			want = requestid.Trace{TraceID: traceID, SpanID: spanID}
		}
		if ok != tt.ok || got != want {
			t.Errorf("%s: TraceParent = %+v, %t, want %+v, %t", tt.name, got, ok, want, tt.ok)
		}
	}
}

func FuzzTraceParent(f *testing.F) {
	f.Add(parent)
	f.Add("cc" + parent[2:] + "-more")
	valid := regexp.MustCompile(`^(00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}|[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}(?s:-.*)?)$`)
	// A header is accepted exactly if it follows the grammar and no part of it is reserved.
	f.Fuzz(func(t *testing.T, line string) {
		got, ok := requestid.TraceParent(&http.Request{Header: http.Header{"Traceparent": {line}}})
		want := valid.MatchString(line) && line[:2] != "ff" && (line[:2] != "00" || len(line) == 55) &&
			strings.Trim(line[3:35], "0") != "" && strings.Trim(line[36:52], "0") != ""
		if ok != want {
			t.Errorf("TraceParent(%q) = %+v, %t, want %t", line, got, ok, want)
		}
	})
}
