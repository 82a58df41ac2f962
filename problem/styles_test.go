package problem_test

import (
	"encoding/csv"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/backstop-go/backstop/internal/golden"
	"github.com/backstop-go/backstop/internal/styles"
	"github.com/backstop-go/backstop/problem"
	"github.com/backstop-go/backstop/requestid"
)

var allStyles = styles.All

// answer returns what a service of a style answers to a request, which has the
// ID req_golden, when its handler returns an error.
func answer(t testing.TB, s problem.Style, failure error) *httptest.ResponseRecorder {
	t.Helper()
	ids, err := requestid.New(requestid.Config{Generate: func() string { return "req_golden" }})
	if err != nil {
		t.Fatal(err)
	}
	errs := problem.New(problem.Config{Style: s, Logger: slog.New(slog.DiscardHandler)})
	fail := problem.HandlerFunc(func(http.ResponseWriter, *http.Request) error { return failure })
	w := httptest.NewRecorder()
	ids.Handler(errs.Handler(fail)).ServeHTTP(w, httptest.NewRequest("POST", "/api/v1/r%2Fs?secret=1", nil))
	return w
}

// threeFields breaks three rules, the usual size of an invalid form.
var threeFields = []problem.FieldError{
	{Path: problem.Path{"organizationName"}, Rule: "required", Want: problem.TypeString, Presence: problem.Zero},
	{Path: problem.Path{"email"}, Rule: "email", Want: problem.TypeString, Presence: problem.Present},
	{Path: problem.Path{"password"}, Rule: "min", Param: "8", Min: "8", Max: "128", Want: problem.TypeString, Presence: problem.Present},
}

// oddFields are in all places in which a field can be.
var oddFields = []problem.FieldError{
	{Rule: "json"},
	{Path: problem.Path{"items", 1, "name"}, Rule: "type", Want: problem.TypeString, Got: problem.TypeInteger},
	{Path: problem.Path{"meta", problem.Key(`a.b]"<é/~`)}, Rule: "max", Param: "3", Max: "3", Want: problem.TypeString},
	{Path: problem.Path{"meta", problem.Key("k")}, Key: true, Rule: "min", Param: "2", Min: "2", Want: problem.TypeString},
	{Path: problem.Path{"a.b"}, Rule: "eqfield", Param: "other"},
	{In: problem.InPath, Path: problem.Path{"id"}, Rule: "uuid"},
	{In: problem.InQuery, Path: problem.Path{"page_size"}, Rule: "lte", Param: "100", Min: "1", Max: "100", Want: problem.TypeInteger},
	{In: problem.InHeader, Path: problem.Path{"X-Tenant"}, Rule: "repeat", Want: problem.TypeString},
	{In: problem.InCookie, Path: problem.Path{"session_id"}, Rule: "required", Want: problem.TypeString},
	{In: problem.InForm, Path: problem.Path{"age"}, Rule: "type", Want: problem.TypeInteger, Got: problem.TypeString},
	{Path: problem.Path{"x"}, Rule: "unknown"},
	{Path: problem.Path{"y"}, Rule: "unknown", Param: "Y"},
}

// TestGolden renders every kind, and all other forms of an error, in every style. The golden
// files show the bodies that are sent.
func TestGolden(t *testing.T) {
	cases := map[string]error{
		"fields":       problem.Validation.New("").WithFields(threeFields...),
		"fields_odd":   problem.Validation.New("").WithFields(oddFields...),
		"text":         problem.Conflict.New("\"<ä\u2028\x01\xff>\""),
		"code":         problem.Code{Name: "out_of_paper", Kind: problem.Conflict, Status: 418, Message: "Out of paper"},
		"details":      problem.NotFound.New("").WithDetail("path", "a/b").WithDetail("type", 1).WithDetail("n", []int{1}).WithDetail("big_number", 1e21),
		"retry_429":    problem.RateLimited.New("").WithRetryAfter(1500 * time.Millisecond),
		"retry_503":    problem.Unavailable.New("").WithRetryAfter(time.Minute),
		"foreign_4xx":  problem.Code{Kind: problem.InvalidRequest, Status: 402, Message: "Payment Required"},
		"not_an_error": os.ErrNotExist,
	}
	for k := range problem.ClientClosed {
		cases[k.String()] = k
	}
	for _, s := range allStyles {
		t.Run(s.Name, func(t *testing.T) {
			dir := golden.Open(t, filepath.Join("testdata", s.Name))
			for name, failure := range cases {
				t.Run(name, func(t *testing.T) {
					var w *httptest.ResponseRecorder
					// In a bubble the time is always the same.
					synctest.Test(t, func(t *testing.T) { w = answer(t, s, failure) })
					dir.JSON(t, name, w.Body.Bytes())
				})
			}
		})
	}
}

// TestOutcomes compares every kind in every style with testdata/outcomes.csv,
// whose rows marked D are what the vendors document.
func TestOutcomes(t *testing.T) {
	f, err := os.Open("testdata/outcomes.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	rows = rows[1:] // names of the columns: style, kind, status, code, message, documented
	if want := len(allStyles) * int(problem.ClientClosed); len(rows) != want {
		t.Fatalf("%d rows, want %d", len(rows), want)
	}
	for i, row := range rows {
		s := allStyles[i/int(problem.ClientClosed)]
		kind := problem.Kind(slices.Index(kindNames(), row[1]))
		w := answer(t, s, kind)
		e, err := s.Decode(&s, w.Code, w.Header(), w.Body.Bytes())
		if err != nil {
			t.Errorf("%s of %s: %v", s.Name, row[1], err)
			continue
		}
		code, _ := e.Code()
		got := []string{s.Name, kind.String(), strconv.Itoa(w.Code), code.Name, e.Message()}
		if !slices.Equal(got, row[:5]) {
			t.Errorf("outcome = %q, want %q", got, row[:5])
		}
	}
}

func kindNames() []string {
	var names []string
	for k := range problem.ClientClosed {
		names = append(names, k.String())
	}
	return names
}

// TestPublishedCodes returns every published code from a handler, in its own style and in
// another one, and decodes the body of its own style.
func TestPublishedCodes(t *testing.T) {
	for _, s := range allStyles {
		names := map[string]bool{}
		for _, c := range s.Codes {
			if names[c.Name] {
				t.Errorf("%s publishes %s twice", s.Name, c.Name)
			}
			names[c.Name] = true
			w := answer(t, s, c)
			e, err := s.Decode(&s, w.Code, w.Header(), w.Body.Bytes())
			if err != nil {
				t.Errorf("%s of %s: %v", s.Name, c.Name, err)
				continue
			}
			if got, _ := e.Code(); got.Name != c.Name || got.Kind != c.Kind || got.Status != c.Status || got.Retry != c.Retry || e.Message() != c.Message {
				t.Errorf("%s reads %+v as %+v %q", s.Name, c, got, e.Message())
			}
			if other := answer(t, problem.RFC9457, c); other.Code != c.Status {
				t.Errorf("%s of %s has status %d in another style, want %d", c.Name, s.Name, other.Code, c.Status)
			}
		}
	}
}
