package problem_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/backstop-go/backstop/problem"
)

func TestWithCopies(t *testing.T) {
	base := problem.Conflict.New("Taken").
		WithDetail("version", 1).
		WithFields(problem.FieldError{Path: problem.Path{"a"}}).
		WithRetryAfter(time.Second)
	before := describeError(base)
	for name, change := range map[string]func(*problem.Error) *problem.Error{
		"WithDetail, new name":  func(e *problem.Error) *problem.Error { return e.WithDetail("other", 2) },
		"WithDetail, same name": func(e *problem.Error) *problem.Error { return e.WithDetail("version", 2) },
		"WithDetail, null":      func(e *problem.Error) *problem.Error { return e.WithDetail("version", nil) },
		"WithFields": func(e *problem.Error) *problem.Error {
			return e.WithFields(problem.FieldError{Path: problem.Path{"b"}})
		},
		"WithRetryAfter": func(e *problem.Error) *problem.Error { return e.WithRetryAfter(time.Minute) },
	} {
		first := change(base)
		second := change(base)
		if got := describeError(base); got != before {
			t.Errorf("after %s the original is %s, want %s", name, got, before)
		}
		if got := describeError(first); got == before {
			t.Errorf("%s changed nothing: %s", name, got)
		}
		if a, b := describeError(first), describeError(second); a != b {
			t.Errorf("%s twice = %s and %s, want equal copies", name, a, b)
		}
	}
	if base.Fields()[0].Rule = "changed"; describeError(base) != before {
		t.Error("a change of what Fields returned reached the error")
	}
	if base.Details()[0].Name = "changed"; describeError(base) != before {
		t.Error("a change of what Details returned reached the error")
	}
}

func TestDelayIsTakenAway(t *testing.T) {
	for _, d := range []time.Duration{0, -1, -time.Minute} {
		if got := problem.RateLimited.New("").WithRetryAfter(time.Second).WithRetryAfter(d).RetryAfter(); got != 0 {
			t.Errorf("after WithRetryAfter(%v) the delay is %v, want none", d, got)
		}
	}
}

func TestCopiesShareNoRoom(t *testing.T) {
	base := problem.Validation.New("")
	for n := range 20 {
		a := base.WithFields(problem.FieldError{Rule: "a"})
		b := base.WithFields(problem.FieldError{Rule: "b"})
		if a.Fields()[n].Rule != "a" || b.Fields()[n].Rule != "b" {
			t.Fatalf("of two copies of an error with %d fields the second has written into the first", n)
		}
		base = a
	}
}

func describeError(e *problem.Error) string {
	return fmt.Sprintf("%v %v %v %v", e, e.Fields(), e.Details(), e.RetryAfter())
}

func TestNilErrorIsHarmless(t *testing.T) {
	var e *problem.Error
	_, named := e.Code()
	if e.Kind() != problem.Internal || named || e.Message() != "" || e.Fields() != nil || e.Details() != nil ||
		e.RetryAfter() != 0 || e.Remote() || e.RequestID() != "" || e.Unwrap() != nil {
		t.Error("an accessor of a nil error returns something")
	}
	if e.WithDetail("a", 1) != nil || e.WithFields() != nil || e.WithRetryAfter(1) != nil {
		t.Error("a With method of a nil error returns an error")
	}
}

func TestWithDetail(t *testing.T) {
	type pair struct {
		name  string
		value any
	}
	changing := map[string]int{"v": 1}
	cycle := map[string]any{}
	cycle["self"] = cycle
	for _, c := range []struct {
		rule string
		in   []pair
		want string
	}{
		{"order of insertion", []pair{{"b", 1}, {"a", 2}}, `b=1 a=2`},
		{"the same name replaces in place", []pair{{"b", 1}, {"a", 2}, {"b", "x"}}, `b="x" a=2`},
		{"encoded at once", []pair{{"m", changing}}, `m={"v":1}`},
		{"null takes away", []pair{{"a", 1}, {"b", 2}, {"a", nil}}, `b=2`},
		{"a nil pointer is null", []pair{{"a", (*int)(nil)}}, ``},
		{"no HTML escaping", []pair{{"a", "<b>&"}}, `a="<b>&"`},
		{"NaN is left out", []pair{{"a", math.NaN()}, {"b", 1}}, `b=1`},
		{"a channel is left out", []pair{{"a", make(chan int)}}, ``},
		{"a cycle is left out", []pair{{"a", cycle}}, ``},
		{"an error is left out", []pair{{"a", errors.New("dsn=secret")}}, ``},
		{"a kind is an error", []pair{{"a", problem.NotFound}}, ``},
		{"an error in a list is left out", []pair{{"a", []error{leaky}}, {"b", []any{1, []any{leaky}}}}, ``},
		{"an error in a map is left out", []pair{{"a", map[string]any{"x": leaky}}, {"b", map[string]error{"x": leaky}}}, ``},
		{"an error in a struct is left out", []pair{{"a", struct{ Err error }{leaky}}, {"b", &struct{ In any }{leaky}}}, ``},
		{"an error in an embedded struct is left out", []pair{{"a", struct{ embedded }{embedded{leaky}}}}, ``},
		{"a value whose pointer is an error is left out", []pair{{"a", *leaky}, {"b", []fs.PathError{*leaky}}}, ``},
		{"a nil error in a struct or list is sent as null", []pair{{"a", struct{ Err error }{}}, {"b", []*fs.PathError{nil}}}, `a={"Err":null} b=[null]`},
		{"an error in a member that is not encoded has no effect", []pair{{"a", partly{Hidden: leaky, own: leaky, N: 1}}}, `a={"N":1}`},
		{"an error that is a marshaler is sent as it encodes itself", []pair{{"a", spoken{leaky}}, {"b", time.Unix(0, 0).UTC()}}, `a="fine" b="1970-01-01T00:00:00Z"`},
		{"a cycle that is not encoded", []pair{{"a", loop()}}, ``},
		{"a marshaler that panics is left out", []pair{{"a", panicking{}}, {"b", 1}}, `b=1`},
		{"an error that is a json.Marshaler is sent as it encodes itself", []pair{{"a", spokenJSON{leaky}}}, `a="fine"`},
		{"an error whose pointer is a marshaler is sent, if it has an address", []pair{{"a", &spokenByPointer{leaky}}, {"b", []spokenByPointer{{leaky}}}}, `a="fine" b=["fine"]`},
		{"an error whose pointer is a marshaler is left out, if it has no address", []pair{{"a", spokenByPointer{leaky}}}, ``},
		{"an error in an array is left out", []pair{{"a", [1]any{leaky}}}, ``},
		{"raw JSON is only compacted", []pair{{"a", json.RawMessage(`{"z":1, "a":2}`)}}, `a={"z":1,"a":2}`},
		{"raw JSON is made valid", []pair{{"a", json.RawMessage("\"\xff\u2028\u2029’\"")}}, "a=\"\ufffd\\u2028\\u2029’\""},
		{"raw text that is no JSON is left out", []pair{{"a", json.RawMessage(`{`)}}, ``},
		{"names that print alike are one", []pair{{"a\xff", 1}, {"b", 2}, {"a\xfe", 3}}, "a\ufffd=3 b=2"},
		{"8 KiB are too much", []pair{{"a", 1}, {"b", strings.Repeat("x", 8<<10)}}, `a=1`},
		{"the name counts towards the 8 KiB", []pair{{"ab", strings.Repeat("x", 8<<10-3)}}, ``},
		{"the most that fits", []pair{{"a", strings.Repeat("x", 8<<10-3)}}, `a="` + strings.Repeat("x", 8<<10-3) + `"`},
		{"a value that was replaced does not count", []pair{{"a", strings.Repeat("x", 5<<10)}, {"a", strings.Repeat("y", 5<<10)}}, `a="` + strings.Repeat("y", 5<<10) + `"`},
	} {
		e := problem.Conflict.New("")
		for _, p := range c.in {
			e = e.WithDetail(p.name, p.value)
		}
		var got []string
		for _, d := range e.Details() {
			got = append(got, d.Name+"="+string(d.Value))
		}
		if s := strings.Join(got, " "); s != c.want {
			t.Errorf("%s: details = %s, want %s", c.rule, s, c.want)
		}
	}
}

// leaky is an error whose members are encoded in JSON.
var leaky = &fs.PathError{Op: "open", Path: "/etc/secret", Err: io.EOF}

type embedded struct{ Err error }

type partly struct {
	Hidden error `json:"-"`
	own    error
	N      int
}

type spoken struct{ Err error }

func (spoken) MarshalText() ([]byte, error) { return []byte("fine"), nil }

type spokenJSON struct{ Err error }

func (spokenJSON) MarshalJSON() ([]byte, error) { return []byte(`"fine"`), nil }

type spokenByPointer struct{ Err error }

func (*spokenByPointer) MarshalJSON() ([]byte, error) { return []byte(`"fine"`), nil }

// loop returns a value that contains itself in a member that encoding/json leaves out.
func loop() any {
	l := &omitted{}
	l.Self = l
	return struct {
		L *omitted `json:",omitzero"`
	}{l}
}

type omitted struct{ Self *omitted }

func (*omitted) IsZero() bool { return true }

type panicking struct{}

func (panicking) MarshalJSON() ([]byte, error) { panic("no") }

func TestBounds(t *testing.T) {
	long := strings.Repeat("x", 4<<10-1) + "é and more"
	e := problem.NotFound.New(long)
	if got := e.Message(); len(got) != 4<<10-1 || !utf8.ValidString(got) {
		t.Errorf("a text of %d bytes became %d, want the %d before the rune that crosses the bound", len(long), len(got), 4<<10-1)
	}
	if got := problem.NotFound.New(strings.Repeat("\x80", 5<<10)).Message(); got != "" {
		t.Errorf("a text without a rune is cut to %q, want nothing of it", got)
	}
	e = problem.Validation.New("").WithFields(make([]problem.FieldError, 60)...)
	e = e.WithFields(slices.Repeat([]problem.FieldError{{Rule: "late"}}, 10_000)...)
	if got := e.Fields(); len(got) != 100 || got[59].Rule != "" || got[60].Rule != "late" {
		t.Errorf("of 60 and 10000 fields %d were kept, want the first 100", len(got))
	}
	e = problem.Conflict.New("")
	for i := range 40 {
		e = e.WithDetail("d"+strconv.Itoa(i), i)
	}
	if got := e.Details(); len(got) != 32 || got[31].Name != "d31" {
		t.Errorf("of 40 details %d were kept, want the first 32", len(got))
	}
	if got := e.WithDetail("d0", "new").Details(); string(got[0].Value) != `"new"` {
		t.Errorf("with 32 details the first could not be replaced: it is %s", got[0].Value)
	}
	e = problem.Conflict.New("")
	for i := range 32 {
		e = e.WithDetail(strconv.Itoa(i), strings.Repeat("x", 1000))
	}
	size := 0
	for _, d := range e.Details() {
		size += len(d.Name) + len(d.Value)
	}
	if size > 8<<10 || size < 7<<10 {
		t.Errorf("32 details of 1 kB kept %d bytes, want at most 8 KiB and not much less", size)
	}
}

func FuzzWithDetail(f *testing.F) {
	f.Add("version", "7", []byte(`{"a":1}`))
	f.Add("", "\xff", []byte(" [1, 2]\n"))
	f.Add("type", "\u2028<script>", []byte("\"\xed\xa0\x80\""))
	f.Add("a\x00\"", "null", []byte("null"))
	f.Add("a", strings.Repeat("\x1b", 1500), []byte(" ")) // too long only after it was encoded
	f.Fuzz(func(t *testing.T, name, text string, raw []byte) {
		// A body with any detail is a JSON object in valid UTF-8, and encoding/json
		// decodes the same detail from it.
		e := problem.Conflict.New("").WithDetail("text", text).WithDetail(name, json.RawMessage(raw))
		w := respond(problem.Config{}, e)
		var members map[string]any
		if err := json.Unmarshal(w.Body.Bytes(), &members); err != nil || !utf8.Valid(w.Body.Bytes()) {
			t.Fatalf("body = %q, want valid JSON: %v", w.Body, err)
		}
		if got, want := members["text"], mangled(text); name != "text" && 6*len(text) < 8000 && got != want {
			t.Errorf("detail %q arrived as %q", want, got)
		}
		for _, d := range e.Details() {
			if !json.Valid(d.Value) || strings.ContainsAny(string(d.Value), "\u2028\u2029") {
				t.Errorf("detail %q = %q, want JSON without raw line ends", d.Name, d.Value)
			}
		}
	})
}

// mangled returns s as encoding/json reads it back.
func mangled(s string) string {
	raw, err := json.Marshal(s)
	if err != nil {
		panic(err)
	}
	if err := json.Unmarshal(raw, &s); err != nil {
		panic(err)
	}
	return s
}

// WrapFields makes the same error as Wrap and WithFields, without a copy of the fields.
func TestWrapFields(t *testing.T) {
	fields := make([]problem.FieldError, 101)
	for i := range fields {
		fields[i] = problem.FieldError{Path: problem.Path{i}, Rule: "required"}
	}
	for _, n := range []int{0, 3, 100, 101} {
		var one, two logbook
		a := respond(problem.Config{Logger: one.logger()}, problem.Validation.Wrap(io.EOF, "").WithFields(fields[:n]...))
		b := respond(problem.Config{Logger: two.logger()}, problem.Validation.WrapFields(io.EOF, slices.Clone(fields[:n])))
		if a.Body.String() != b.Body.String() || one.one(t)["truncated"] != two.one(t)["truncated"] {
			t.Errorf("with %d fields: %s (%v), want %s (%v)", n, b.Body, two.one(t), a.Body, one.one(t))
		}
	}
	mine := fields[:2]
	e := problem.Validation.WrapFields(nil, mine)
	if got := e.WithFields(fields[5]); len(got.Fields()) != 3 || !reflect.DeepEqual(fields[2].Path, problem.Path{2}) {
		t.Error("WithFields writes into the slice that WrapFields was given")
	}
}
