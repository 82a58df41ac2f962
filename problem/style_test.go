package problem_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/backstop-go/backstop/problem"
)

// seeing returns a style that calls see with its view.
func seeing(see func(*problem.View)) problem.Style {
	return plainStyle(func(dst []byte, v *problem.View) ([]byte, error) {
		see(v)
		return append(dst, "x"...), nil
	})
}

func TestEmptyMembersOfAnOutcomeFallThrough(t *testing.T) {
	var view problem.View
	style := seeing(func(v *problem.View) { view = *v })
	style.Outcomes = [len(style.Outcomes)]problem.Outcome{
		problem.Gone:       {Status: 404},
		problem.Conflict:   {Code: "clash"},
		problem.Validation: {Message: "Bad input"},
	}
	for _, c := range []struct {
		err  error
		want string
	}{
		{problem.NotFound, "404 not_found Resource not found"},
		{problem.Gone, "404 gone Resource is gone"},
		{problem.Conflict, "409 clash Resource conflict"},
		{problem.Validation, "422 validation Bad input"},
		{problem.Conflict.New("Taken"), "409 clash Taken"},
		{emailTaken, "409 email_taken E-mail is taken"},
		{emailTaken.New("Taken"), "409 email_taken Taken"},
		{nameTaken, "409 name_taken Resource conflict"},
		{problem.Code{Kind: problem.Gone, Status: 418}, "418 gone Resource is gone"},
		{problem.NotFound.New("\xff\xfe"), "404 not_found \ufffd"},
	} {
		respond(problem.Config{Style: style}, c.err)
		if got := fmt.Sprint(view.Status, " ", view.Code, " ", view.Message); got != c.want {
			t.Errorf("in a style without an outcome for it, %v is %s, want %s", c.err, got, c.want)
		}
	}
}

func TestShape(t *testing.T) {
	style := problem.RFC9457
	style.Shape = problem.Outcome{Status: 400, Code: "invalid_shape"}
	rule := problem.FieldError{Path: problem.Path{"a"}, Rule: "required"}
	wrongType := problem.FieldError{Path: problem.Path{"b"}, Rule: "type"}
	for _, c := range []struct {
		rule string
		err  error
		want string
	}{
		{"rules alone", problem.Validation.New("").WithFields(rule), "422 validation Validation failed"},
		{"one shape problem", problem.Validation.New("").WithFields(rule, wrongType), "400 invalid_shape Validation failed"},
		{"another kind", problem.Conflict.New("").WithFields(wrongType), "409 conflict Resource conflict"},
		{"a code", problem.Code{Name: "bad", Kind: problem.Validation}.New("").WithFields(wrongType), "422 bad Validation failed"},
	} {
		w := respond(problem.Config{Style: style}, c.err)
		b := decode(t, w)
		if got := fmt.Sprint(w.Code, " ", b.Code, " ", b.Detail); got != c.want {
			t.Errorf("%s: answered %s, want %s", c.rule, got, c.want)
		}
	}
	for rule := range strings.FieldsSeq("type range format null unknown repeat encoding") {
		if !(problem.FieldError{Rule: rule}).Shape() {
			t.Errorf("rule %q is not a shape problem, want that it is one", rule)
		}
	}
	if (problem.FieldError{Rule: "required"}).Shape() {
		t.Error(`rule "required" is a shape problem, want that it is not one`)
	}
}

func TestAStyleIsAValue(t *testing.T) {
	derived := problem.RFC9457
	derived.Outcomes[problem.NotFound].Status = 410
	p := problem.New(problem.Config{Style: derived, Logger: silent})
	derived.Outcomes[problem.NotFound].Status = 409 // after New it has no effect
	w := httptest.NewRecorder()
	p.Respond(w, httptest.NewRequest(http.MethodGet, "/", nil), problem.NotFound)
	if w.Code != 410 {
		t.Errorf("a later change of the style made the answer %d, want 410", w.Code)
	}
	if got := respond(problem.Config{}, problem.NotFound).Code; got != 404 {
		t.Errorf("a derived style made the answer of RFC 9457 %d, want 404", got)
	}
}

func TestTheView(t *testing.T) {
	var view problem.View
	style := seeing(func(v *problem.View) { view = *v })
	before := time.Now()
	f := problem.FieldError{Path: problem.Path{"a", 1}, Rule: "required"}
	second := problem.FieldError{Path: problem.Path{"a", 1}, Rule: "email"}
	e := emailTaken.Wrap(errors.New("secret"), "").WithFields(f, second).WithDetail("n", 7).WithRetryAfter(1500 * time.Millisecond)
	respond(problem.Config{Style: style}, e)
	if view.Kind != problem.Conflict || view.Path != "/things/7" || view.RequestID != "" || view.RetryAfter != 2 ||
		len(view.Fields) != 2 || len(view.Details) != 1 || view.Debug != nil {
		t.Errorf("the view is %+v", view)
	}
	if view.Time.Before(before.Add(-time.Second)) || view.Time.Location() != time.UTC {
		t.Errorf("View.Time = %v, want now, in UTC", view.Time)
	}
	if got := view.FieldMap(); len(got) != 1 || got["a[1]"] != "is required" {
		t.Errorf("FieldMap() = %v, want the first sentence of each path", got)
	}
	if got := string(view.AppendFieldMap(nil)); got != `{"a[1]":"is required"}` {
		t.Errorf("AppendFieldMap() = %s, want the same in order", got)
	}
	if got := (&problem.View{}).FieldMap(); got != nil {
		t.Errorf("FieldMap() without fields = %v, want nil", got)
	}
	style.Outcomes[problem.Gone].Message = "gone\xff"
	if respond(problem.Config{Style: style}, problem.Gone); view.Message != "gone\ufffd" {
		t.Errorf("View.Message = %q, want the style's text in valid UTF-8", view.Message)
	}
	long := strings.Repeat("x", 5<<10)
	if got := (&problem.View{}).FieldText(problem.FieldError{Message: long}); len(got) != 4<<10 {
		t.Errorf("a sentence of %d bytes became %d, want 4 KiB", len(long), len(got))
	}
}

func TestAStyleHasItsOwnSentences(t *testing.T) {
	style := problem.RFC9457
	style.FieldText = func(f problem.FieldError) string { return "!" + f.Rule }
	w := respond(problem.Config{Style: style}, problem.Validation.New("").WithFields(problem.FieldError{Path: problem.Path{"a"}, Rule: "max"}))
	if !strings.Contains(w.Body.String(), `"detail":"!max"`) {
		t.Errorf("body = %s, want the style's sentence", w.Body)
	}
	style.FieldText = func(problem.FieldError) string { panic("dialect") }
	w = respond(problem.Config{Style: style}, problem.Validation.New("").WithFields(problem.FieldError{Path: problem.Path{"a"}, Rule: "max"}))
	if b := decode(t, w); w.Code != 500 || b.Code != "internal" {
		t.Errorf("with a FieldText that panics the answer is %d %s, want the fallback", w.Code, w.Body)
	}
}

func TestRateLimitHeaders(t *testing.T) {
	if got := problem.New(problem.Config{}).RateLimit(); got != problem.XRateLimit {
		t.Errorf("RateLimit() of the default style = %d, want XRateLimit", got)
	}
	style := problem.RFC9457
	style.RateLimit = 0
	if got := problem.New(problem.Config{Style: style}).RateLimit(); got != problem.XRateLimit {
		t.Errorf("RateLimit() of a style without = %d, want XRateLimit", got)
	}
	style.RateLimit = problem.RateLimitTrio | problem.RateLimitFields
	if got := problem.New(problem.Config{Style: style}).RateLimit(); got != style.RateLimit {
		t.Errorf("RateLimit() = %d, want the style's %d", got, style.RateLimit)
	}
}

func TestAppendJSON(t *testing.T) {
	got, err := problem.AppendJSON([]byte("> "), map[string]any{"b": "<&>", "a": "\u2028"})
	if want := `> {"a":"\u2028","b":"<&>"}`; err != nil || string(got) != want {
		t.Errorf("AppendJSON = %s, %v, want %s", got, err, want)
	}
	if got, err := problem.AppendJSON(nil, json.RawMessage("\"\u2028’\"")); err != nil || string(got) != "\"\\u2028’\"" {
		t.Errorf("AppendJSON of raw JSON = %s, %v, want its line ends escaped", got, err)
	}
	if got, err := problem.AppendJSON([]byte("> "), math.NaN()); err == nil || string(got) != "> " {
		t.Errorf("AppendJSON(NaN) = %s, %v, want an error and nothing appended", got, err)
	}
}

// Many goroutines render the same error, which must not change.
func TestSentinelsAreNotChangedByRendering(t *testing.T) {
	sentinel := emailTaken.Wrap(errors.New("cause"), "Taken").
		WithDetail("a", 1).WithDetail("b", 2).WithRetryAfter(time.Second).
		WithFields(problem.FieldError{Path: problem.Path{"a"}, Rule: "required"})
	before := describeError(sentinel)
	p := problem.New(problem.Config{Logger: silent})
	want := respond(problem.Config{}, sentinel).Body.String()
	var wg sync.WaitGroup
	for range 64 {
		wg.Go(func() {
			for range 20 {
				w := httptest.NewRecorder()
				p.Handler(returning(sentinel)).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
				if got := w.Body.String(); got != want {
					t.Errorf("rendered as %s, want %s", got, want)
				}
				if copied := sentinel.WithDetail("c", 3); len(copied.Details()) != 3 {
					t.Errorf("WithDetail on a shared error = %v", copied.Details())
				}
			}
		})
	}
	wg.Wait()
	if got := describeError(sentinel); got != before {
		t.Errorf("after rendering the sentinel is %s, want %s", got, before)
	}
}

// A detail is sent if its name is one that RFC 9457, section 3.2, allows for an extension, and
// if the style does not use the name itself.
func TestDetailIsAnExtensionIfItsNameMayBeOne(t *testing.T) {
	check := func(name string, want bool) {
		t.Helper()
		w := respond(problem.Config{}, problem.Conflict.New("").WithDetail(name, "planted"))
		var members map[string]any
		if err := json.Unmarshal(w.Body.Bytes(), &members); err != nil {
			t.Fatal(err)
		}
		if got := members[name] == "planted"; got != want {
			t.Errorf("the detail %q is sent: %t, want %t", name, got, want)
		}
	}
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	for c := range rune(256) {
		check(string(c)+"ab", strings.ContainsRune(letters, c))
		check("ab"+string(c), strings.ContainsRune(letters+"0123456789_", c))
	}
	for name := range strings.FieldsSeq("type title status detail instance code errors request_id retry_after ab") {
		check(name, false)
	}
}
