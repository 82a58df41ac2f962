package problemtest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/backstop-go/backstop/problem"
)

// sharedSentinel renders one error on many goroutines, for the race detector.
func sharedSentinel(t reporter, style problem.Style) {
	sentinel := problem.Validation.Wrap(errTooLate, "Bad input").
		WithFields(fields...).WithDetail("a", 1).WithRetryAfter(time.Second)
	describe := func() string {
		return fmt.Sprint(sentinel, sentinel.Fields(), sentinel.Details(), sentinel.RetryAfter())
	}
	before, want := describe(), render(style, sentinel)
	var wg sync.WaitGroup
	for range 64 {
		wg.Go(func() {
			if got := render(style, sentinel); got.status != want.status {
				t.Errorf("one error is answered %d and %d", want.status, got.status)
			}
		})
	}
	wg.Wait()
	if got := describe(); got != before {
		t.Errorf("after it was rendered an error is %s, want %s", got, before)
	}
}

func hostileText(t reporter, style problem.Style) {
	const plain = "No such thing"
	hasText := slices.Contains(texts(render(style, problem.NotFound.New(plain)).body), plain)
	for name, text := range map[string]string{
		"invalid UTF-8":        "a\xff\xfeb",
		"line ends":            "a\u2028b\u2029c",
		"HTML":                 "<script>alert('&')</script>",
		"quotes":               `a"b\c`,
		"control characters":   "a\x00\n\x1b[31mb",
		"what looks like JSON": `","status":200,"x":"`,
	} {
		for where, err := range map[string]error{
			"the text":      problem.NotFound.New(text),
			"a sentence":    problem.Validation.New("").WithFields(problem.FieldError{Path: problem.Path{"a"}, Message: text}),
			"a path":        problem.Validation.New("").WithFields(problem.FieldError{Path: problem.Path{text, problem.Key(text)}, Rule: "required"}),
			"a code":        problem.Code{Name: text, Kind: problem.Conflict},
			"a detail":      problem.Conflict.New("").WithDetail("text", text),
			"a detail name": problem.Conflict.New("").WithDetail(text, 1),
		} {
			a := render(style, err)
			if err := a.check(style); err != nil {
				t.Errorf("with %s as %s the body %v: %.200q", name, where, err, a.body)
			}
			if isJSON(style) && bytes.Contains(a.body, []byte(`\u003c`)) {
				t.Errorf("with %s as %s the body is escaped for HTML: %.200s", name, where, a.body)
			}
			if hasText && where == "the text" && !slices.Contains(texts(a.body), strings.ToValidUTF8(text, "\ufffd")) {
				t.Errorf("with %s as %s the text does not arrive: %.200s", name, where, a.body)
			}
		}
	}
}

// texts returns the strings in a body.
func texts(body []byte) []string {
	var all []string
	for _, v := range leaves(body) {
		if s, ok := v.(string); ok {
			all = append(all, s)
		}
	}
	return all
}

// maxBody is the bound of a body in package problem, in bytes.
const maxBody = 48 << 10

func boundedBody(t reporter, style problem.Style) {
	many := slices.Repeat(fields, 10_000/len(fields)+1)
	large := strings.Repeat("x", 1<<20)
	for name, err := range map[string]error{
		"10,000 fields":    problem.Validation.New("").WithFields(many...),
		"a text of 1 MB":   problem.NotFound.New(large),
		"a path of 1 MB":   problem.Validation.New("").WithFields(problem.FieldError{Path: problem.Path{large}, Rule: "required"}),
		"a detail of 1 MB": problem.Conflict.New("").WithDetail("a", large),
	} {
		a := render(style, err)
		if len(a.body) > maxBody {
			t.Errorf("with %s the body has %d bytes, want at most %d", name, len(a.body), maxBody)
		}
		if err := a.check(style); err != nil {
			t.Errorf("with %s the body %v", name, err)
		}
	}
	const secret = "dsn=postgres"
	for name, value := range map[string]any{
		"NaN":      math.NaN(),
		"an error": errors.New(secret),
		"a func":   func() {},
	} {
		a := render(style, problem.Conflict.New("").WithDetail("odd", value))
		if err := a.check(style); err != nil || a.status >= 500 {
			t.Errorf("with %s as a detail the answer is %d and the body %v", name, a.status, err)
		}
		if bytes.Contains(a.body, []byte(secret)) {
			t.Errorf("with %s as a detail the body shows it: %s", name, a.body)
		}
	}
}

func noNull(t reporter, style problem.Style) {
	all := errorsOf()
	all["a detail that is nil"] = problem.Conflict.New("").WithDetail("nothing", nil)
	for name, err := range all {
		body := render(style, err).body
		for where, v := range leaves(body) {
			if v == nil && isJSON(style) {
				t.Errorf("%s is answered with null at %s, want that the member is left out: %s", name, where, body)
			}
		}
	}
}

// oneDelay renders an error with two delays. A number that differs is the delay.
func oneDelay(t reporter, style problem.Style) {
	short := problem.RateLimited.New("").WithRetryAfter(200 * time.Millisecond)
	if got := render(style, short).header.Get("Retry-After"); got != "1" {
		t.Errorf("a delay of 0.2 s is Retry-After %q, want 1", got)
	}
	if got := render(style, problem.RateLimited).header["Retry-After"]; got != nil {
		t.Errorf("without a known delay there is a Retry-After of %q, want none", got)
	}
	for _, k := range kinds() {
		one := render(style, k.New("").WithRetryAfter(4711*time.Second))
		two := render(style, k.New("").WithRetryAfter(4712*time.Second))
		if got := one.header.Get("Retry-After"); got != "4711" {
			t.Errorf("%v with a delay of 4711 s has Retry-After %q", k, got)
		}
		other := leaves(two.body)
		for where, v := range leaves(one.body) {
			if n, ok := v.(json.Number); ok && other[where] != v && n != "4711" {
				t.Errorf("%v with a delay of 4711 s says %s at %s, want one value in header and body", k, n, where)
			}
		}
	}
}

// failingEncoder replaces the encoder of the style by one that fails.
func failingEncoder(t reporter, style problem.Style) {
	want := render(style, problem.Internal)
	rich := problem.RateLimited.New("Slow down").WithDetail("a", 1).WithFields(fields...)
	for name, fail := range map[string]func([]byte) ([]byte, error){
		"returns an error": func(dst []byte) ([]byte, error) { return append(dst, "half"...), errTooLate },
		"panics":           func([]byte) ([]byte, error) { panic(errTooLate) },
	} {
		for _, always := range []bool{false, true} {
			broken, ready := style, false
			broken.Append = func(dst []byte, v *problem.View) ([]byte, error) {
				if ready && (always || v.Kind != problem.Internal) {
					return fail(dst)
				}
				return style.Append(dst, v)
			}
			p := responder(broken)
			ready = true
			got := renderWith(p, rich)
			if got.status != want.status || got.header.Get("Content-Type") != style.ContentType {
				t.Errorf("an encoder that %s (always: %v) is answered %d %s, want %d %s",
					name, always, got.status, got.header.Get("Content-Type"), want.status, style.ContentType)
			}
			if err := got.check(style); err != nil || len(got.body) == 0 || bytes.Contains(got.body, []byte("half")) {
				t.Errorf("an encoder that %s (always: %v) leaves a body that %v: %.200q", name, always, err, got.body)
			}
		}
	}
}
