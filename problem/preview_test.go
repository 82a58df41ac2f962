package problem_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/backstop-go/backstop/problem"
	"github.com/backstop-go/backstop/problem/scaivault"
)

// TestPreviewIsWhatRespondSends compares Preview with Respond for every kind of failure, with
// every option of the responder, in every style.
func TestPreviewIsWhatRespondSends(t *testing.T) {
	failures := []error{
		problem.Code{Name: "out_of_paper", Kind: problem.Conflict, Status: 418, Message: "Out of paper"},
		problem.NotFound.New("No such thing").WithDetail("path", "a/b"),
		problem.RateLimited.New("").WithRetryAfter(1500 * time.Millisecond),
		problem.Validation.New("").WithFields(threeFields...),
		problem.Validation.New("").WithFields(oddFields...), // has shape problems
		errors.New("foreign"),
		fmt.Errorf("query: %w", context.DeadlineExceeded),
	}
	for k := range problem.ClientClosed {
		failures = append(failures, k)
	}
	translate := func(_ context.Context, err error) error {
		if errors.Is(err, problem.NotFound) {
			return problem.Gone.New("Nicht mehr da")
		}
		return nil
	}
	policies := map[string]problem.Config{
		"none":          {},
		"Map":           {Map: translate},
		"HideForbidden": {HideForbidden: true},
		"Challenge":     {Challenge: `Basic realm="vault"`},
		"NoChallenge":   {NoChallenge: true},
	}
	for _, style := range allStyles {
		for name, cfg := range policies {
			t.Run(style.Name+" "+name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					cfg.Style = style
					cfg.Logger = silent
					p := problem.New(cfg)
					for _, failure := range failures {
						for _, method := range []string{"GET", "HEAD"} {
							r := httptest.NewRequest(method, "/api/v1/r%2Fs?secret=1", nil)
							w := httptest.NewRecorder()
							p.Respond(w, r, failure)
							status, header, body := p.Preview(r, failure, time.Now())
							if status != w.Code || string(body) != w.Body.String() || !maps.EqualFunc(header, w.Header(), slices.Equal) {
								t.Errorf("%s: Preview of %v = %d %v %s\nwant %d %v %s", method, failure, status, header, body, w.Code, w.Header(), w.Body)
							}
						}
					}
				})
			})
		}
	}
}

func TestPreviewLeavesNoTrace(t *testing.T) {
	var log logbook
	p := problem.New(problem.Config{
		Logger:  log.logger(),
		OnError: func(context.Context, *problem.Event) { t.Error("Preview calls OnError") },
	})
	at := time.Date(2024, 1, 15, 10, 30, 0, 0, time.FixedZone("", 3600))
	answered := p.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for range 2 {
			if status, _, _ := p.Preview(r, problem.Conflict, at); status != http.StatusConflict {
				t.Errorf("Preview = %d, want 409", status)
			}
		}
		w.WriteHeader(http.StatusNoContent)
	}))
	w := httptest.NewRecorder()
	answered.ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
	if w.Code != http.StatusNoContent || len(log.all()) > 0 {
		t.Errorf("after two previews the answer is %d, the log %v, want 204 and nothing", w.Code, log.all())
	}
}

func TestPreviewHasTheTimeThatWasAsked(t *testing.T) {
	at := time.Date(2024, 1, 15, 10, 30, 0, 0, time.FixedZone("", 3600))
	s := problem.RFC9457
	s.Append = func(dst []byte, v *problem.View) ([]byte, error) { return v.Time.AppendFormat(dst, time.RFC3339), nil }
	_, _, body := problem.New(problem.Config{Style: s}).Preview(httptest.NewRequest("GET", "/", nil), problem.NotFound, at)
	if string(body) != "2024-01-15T09:30:00Z" {
		t.Errorf("a preview at %v is of %s, want the same in UTC", at, body)
	}
}

func TestPreviewOfNothing(t *testing.T) {
	p := problem.New(problem.Config{})
	var nothing *problem.Error
	for _, err := range []error{nil, nothing, http.ErrAbortHandler} {
		if status, header, body := p.Preview(httptest.NewRequest("GET", "/", nil), err, time.Now()); status != 0 || header != nil || body != nil {
			t.Errorf("Preview of %v = %d %v %q, want nothing", err, status, header, body)
		}
	}
}

func TestPreviewBelongsToItsCaller(t *testing.T) {
	p := problem.New(problem.Config{Logger: silent})
	r := httptest.NewRequest("GET", "/", nil)
	_, _, body := p.Preview(r, problem.NotFound, time.Now())
	before := string(body)
	p.Preview(r, problem.Conflict, time.Now())
	if string(body) != before {
		t.Errorf("the body became %s, want %s", body, before)
	}
}

func TestStyleHasARowForEveryKind(t *testing.T) {
	bare := problem.Style{Name: "bare", ContentType: "text/plain", Append: func(dst []byte, v *problem.View) ([]byte, error) {
		return append(dst, v.Message...), nil
	}}
	got := problem.New(problem.Config{Style: bare}).Style()
	if got.Outcomes != problem.RFC9457.Outcomes || got.Shape != got.Outcomes[problem.Validation] || got.Name != "bare" {
		t.Errorf("Style() = %s %v %v, want the default table", got.Name, got.Outcomes, got.Shape)
	}
	if got := problem.New(problem.Config{Style: scaivault.Style}).Style(); got.Shape.Status != 400 {
		t.Errorf("Style().Shape = %v, want the style's own", got.Shape)
	}
}

// A schema lists the codes that Schema is given, in their order. Without codes it allows any
// text.
func TestSchemasNameTheCodes(t *testing.T) {
	for _, s := range allStyles {
		find := func(codes []string) (enums [][]string) {
			var schema any
			if err := json.Unmarshal(s.Schema(codes), &schema); err != nil {
				t.Fatalf("%s has a schema that is no JSON: %v", s.Name, err)
			}
			return enumsIn(schema)
		}
		if got := find(nil); got != nil {
			t.Errorf("%s without codes has the enums %q, want none", s.Name, got)
		}
		codes := []string{"b", `a"<`, "c"}
		got, want := find(codes), [][]string{codes}
		if len(s.Codes) == 0 {
			want = nil
		}
		if !slices.EqualFunc(got, want, slices.Equal) {
			t.Errorf("%s has the enums %q, want %q", s.Name, got, want)
		}
	}
}

func enumsIn(schema any) (enums [][]string) {
	switch v := schema.(type) {
	case map[string]any:
		for name, member := range v {
			if words, ok := member.([]any); ok && name == "enum" {
				var enum []string
				for _, word := range words {
					enum = append(enum, word.(string))
				}
				enums = append(enums, enum)
			}
			enums = append(enums, enumsIn(member)...)
		}
	case []any:
		for _, element := range v {
			enums = append(enums, enumsIn(element)...)
		}
	}
	return enums
}
