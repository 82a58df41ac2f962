package problem_test

import (
	"errors"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/backstop-go/backstop/problem"
	"github.com/backstop-go/backstop/problem/authrim"
	"github.com/backstop-go/backstop/problem/scaivault"
)

// TestKindsCrossTheWire decodes every kind in every style. If kinds have the same body and
// status, the first of them is decoded.
func TestKindsCrossTheWire(t *testing.T) {
	alike := map[string]map[problem.Kind]problem.Kind{
		"enkryptify": {
			problem.TokenExpired:      problem.Unauthenticated,
			problem.TokenInvalid:      problem.Unauthenticated,
			problem.TokenRevoked:      problem.Unauthenticated,
			problem.InsufficientScope: problem.Forbidden,
		},
		"authrim": {
			problem.TokenInvalid:    problem.Unauthenticated,
			problem.QuotaExceeded:   problem.RateLimited, // the kind of the published code
			problem.UpstreamTimeout: problem.Timeout,
		},
	}
	for _, s := range allStyles {
		for k := range problem.ClientClosed {
			want, ok := alike[s.Name][k]
			if !ok {
				want = k
			}
			w := answer(t, s, k)
			e, err := s.Decode(&s, w.Code, w.Header(), w.Body.Bytes())
			if err != nil {
				t.Errorf("%s cannot read its %v: %v", s.Name, k, err)
				continue
			}
			if !errors.Is(e, want) {
				t.Errorf("%s reads its %v as %v, want %v", s.Name, k, e.Kind(), want)
			}
			if !e.Remote() {
				t.Errorf("%s reads its %v as an error of this service", s.Name, k)
			}
		}
	}
}

// TestWhatCrossesTheWire lists the parts of an error that a client can decode in each style.
func TestWhatCrossesTheWire(t *testing.T) {
	rich := problem.Validation.New("Look here").WithFields(oddFields...).WithDetail("limit", map[string]int{"n": 1})
	throttled := problem.RateLimited.New("Slow down").WithRetryAfter(1500*time.Millisecond).WithDetail("limit", 3)
	for _, test := range []struct {
		style                    string
		text, id, fields, detail bool
	}{
		{style: "entryguard", text: true, fields: true},
		{style: "enpass"},
		{style: "enkryptify"},
		{style: "authrim", text: true, fields: true},
		{style: "scaivault", text: true, id: true, fields: true, detail: true},
		{style: "rfc9457", text: true, id: true, fields: true, detail: true},
	} {
		s := allStyles[slices.IndexFunc(allStyles, func(s problem.Style) bool { return s.Name == test.style })]
		w := answer(t, s, rich)
		e, err := s.Decode(&s, w.Code, http.Header{}, w.Body.Bytes())
		if err != nil {
			t.Errorf("%s: %v", test.style, err)
			continue
		}
		if got := e.Message() == "Look here"; got != test.text {
			t.Errorf("%s reads the text %q", test.style, e.Message())
		}
		if got := e.RequestID() == "req_golden"; got != test.id {
			t.Errorf("%s reads the request ID %q", test.style, e.RequestID())
		}
		if got := len(e.Details()) == 1 && string(e.Details()[0].Value) == `{"n":1}`; got != test.detail {
			t.Errorf("%s reads the details %s", test.style, e.Details())
		}
		if got := e.Fields(); test.fields {
			checkFields(t, s, got)
		} else if len(got) > 0 {
			t.Errorf("%s reads fields %v", test.style, got)
		}

		w = answer(t, s, throttled)
		e, err = s.Decode(&s, w.Code, w.Header(), w.Body.Bytes())
		if err != nil {
			t.Errorf("%s: %v", test.style, err)
			continue
		}
		if e.RetryAfter() != 2*time.Second || e.Message() != "Slow down" || e.RequestID() != "req_golden" {
			t.Errorf("%s reads %v, retry after %v, request ID %q", test.style, e, e.RetryAfter(), e.RequestID())
		}
	}
}

// checkFields compares the paths and the sentences of decoded fields with those of oddFields.
func checkFields(t *testing.T, s problem.Style, got []problem.FieldError) {
	t.Helper()
	if len(got) != len(oddFields) {
		t.Errorf("%s reads %d fields, want %d", s.Name, len(got), len(oddFields))
		return
	}
	syntax := problem.Brackets
	if s.Name == problem.RFC9457.Name {
		syntax = problem.Pointer // a key looks like a member in it
	}
	for i, want := range oddFields {
		g, w := string(got[i].AppendPath(nil, syntax)), string(want.AppendPath(nil, syntax))
		if g != w || got[i].Message != s.FieldText(want) {
			t.Errorf("%s reads field %d as %q %q, want %q %q", s.Name, i, g, got[i].Message, w, s.FieldText(want))
		}
	}
}

// A derived style with another outcome or another published code decodes its bodies by its own
// table.
func TestDerivedStylesReadTheirOwnTable(t *testing.T) {
	outOfPaper := problem.Code{Name: "out_of_paper", Kind: problem.Unavailable, Status: 507, Message: "Out of paper", Retry: problem.Once}
	for _, s := range allStyles {
		s.Outcomes[problem.Gone] = problem.Outcome{Status: 412, Code: "was_here", Message: "It was here", Retry: problem.Backoff}
		s.Codes = append(slices.Clone(s.Codes), outOfPaper)

		w := answer(t, s, problem.Gone)
		e, err := s.Decode(&s, w.Code, w.Header(), w.Body.Bytes())
		if err != nil {
			t.Errorf("%s: %v", s.Name, err)
			continue
		}
		if code, _ := e.Code(); w.Code != 412 || !errors.Is(e, problem.Gone) || code.Retry != problem.Backoff {
			t.Errorf("derived %s reads its 412 as %v with the advice %d, want gone with Backoff", s.Name, e.Kind(), code.Retry)
		}

		w = answer(t, s, outOfPaper)
		if e, err = s.Decode(&s, w.Code, w.Header(), w.Body.Bytes()); err != nil {
			t.Errorf("%s: %v", s.Name, err)
			continue
		}
		hasCodes := s.Name != "entryguard" && s.Name != "enkryptify"
		code, _ := e.Code()
		if got := errors.Is(e, outOfPaper) && e.Kind() == problem.Unavailable && code.Retry == problem.Once; got != hasCodes {
			t.Errorf("derived %s reads its own code as %v %+v", s.Name, e.Kind(), code)
		}
	}
}

// TestEveryBodyHasOneStyle decodes the bodies of every style by every style. Only the style of
// a body may accept it, so that the order of the styles does not matter. The details try to
// make a problem detail look like the body of another style.
func TestEveryBodyHasOneStyle(t *testing.T) {
	disguise := problem.NotFound.New("").
		WithDetail("timestamp", "2024-01-15T10:30:00Z").WithDetail("path", "/").WithDetail("message", "x").
		WithDetail("error_description", "x").WithDetail("description", "x")
	failures := []error{
		problem.NotFound, problem.Internal, problem.RateLimited,
		problem.Validation.New("").WithFields(oddFields...),
		authrim.EmailAlreadyExists.New("").WithDetail("a", 1),
		scaivault.SecretNotFound.New("").WithDetail("path", "x"),
		disguise.WithDetail("error", true), disguise.WithDetail("error", "x"),
		disguise.WithDetail("error", map[string]string{"code": "x"}),
	}
	for _, from := range allStyles {
		for _, failure := range failures {
			w := answer(t, from, failure)
			for _, as := range allStyles {
				_, err := as.Decode(&as, w.Code, w.Header(), w.Body.Bytes())
				if got, want := err == nil, as.Name == from.Name; got != want {
					t.Errorf("%s accepts a body of %s: %t, want %t\n%s", as.Name, from.Name, got, want, w.Body)
				}
			}
		}
	}
}

// TestForeignBodies decodes bodies of services that do not follow the style exactly.
func TestForeignBodies(t *testing.T) {
	for _, body := range []string{
		``, `null`, `true`, `[]`, `{}`, `{`, `{} {}`, `"x"`, `<html>`, `{"message":1}`, `{"message":"a","more":1}`,
		`{"error":true,"code":1,"description":"x"}`, `{"error":"x"}`, `{"error":{"code":1}}`, `{"error":{}}`, `{"title":"x"}`,
		`{"timestamp":1,"status":1,"path":""}`, `{"Message":"a"}`, `{"type":"about:blank"}`,
	} {
		for _, s := range allStyles {
			if e, err := s.Decode(&s, 400, http.Header{}, []byte(body)); err == nil {
				t.Errorf("%s reads %q as %v", s.Name, body, e)
			}
		}
	}
	detail := http.Header{"Content-Type": {"application/problem+json"}}
	if e, err := problem.RFC9457.Decode(&problem.RFC9457, 400, detail, []byte(`[]`)); err == nil {
		t.Errorf("rfc9457 reads a list that calls itself a problem detail as %v", e)
	}
	e, err := problem.RFC9457.Decode(&problem.RFC9457, 429, detail, []byte(`{"retry_after":7,"errors":[{"detail":"is bad"}]}`))
	if err != nil || e.RetryAfter() != 7*time.Second || len(e.Fields()) != 1 || e.Fields()[0].In != problem.InBody || len(e.Fields()[0].Path) > 0 {
		t.Errorf("rfc9457 reads %+v (%v), want 7 s and a field without a path", e, err)
	}
	decode := func(i int, status int, body string) *problem.Error {
		t.Helper()
		e, err := allStyles[i].Decode(&allStyles[i], status, http.Header{"Content-Type": {"application/problem+json; charset=utf-8"}}, []byte(body))
		if err != nil {
			t.Fatalf("%s cannot read %s: %v", allStyles[i].Name, body, err)
		}
		return e
	}

	e = decode(0, 400, `{"path":"/","status":400,"timestamp":"x","message":7,"validationErrors":{"a":1,"b[0]":"bad"},"more":1}`)
	if f := e.Fields(); len(f) != 1 || string(f[0].AppendPath(nil, problem.Dots)) != "b.0" || f[0].Message != "bad" {
		t.Errorf("entryguard reads the fields %v", f)
	}
	e = decode(3, 429, `{"error_description":"x","error":"y","retry_after":-5,"details":[]}`)
	if e.RetryAfter() != 0 || e.Kind() != problem.RateLimited {
		t.Errorf("authrim reads %v, retry after %v", e.Kind(), e.RetryAfter())
	}
	for _, c := range []struct {
		rule, code      string
		status          int
		fields, details int
	}{
		{"a validation error", "validation_error", 422, 1, 1},
		{"a validation error with another status", "validation_error", 400, 1, 1},
		{"another code of that kind", "invalid_password", 422, 1, 1},
		{"an unknown code with that status", "weak_password", 422, 1, 1},
		{"a conflict", "email_already_exists", 409, 0, 2},
	} {
		e = decode(3, c.status, `{"error":"`+c.code+`","error_description":"x","details":{"password":"is too short","min":8}}`)
		if len(e.Fields()) != c.fields || len(e.Details()) != c.details {
			t.Errorf("authrim reads of %s the fields %v and the details %s, want %d and %d", c.rule, e.Fields(), e.Details(), c.fields, c.details)
		}
	}
	e = decode(4, 422, `{"error":{"code":"validation_error","details":{"fields":{"a":"bad","b":2},"n":1}}}`)
	if f := e.Fields(); len(f) != 1 || f[0].Message != "bad" || len(e.Details()) != 1 {
		t.Errorf("scaivault reads the fields %v and the details %s", f, e.Details())
	}
	e = decode(4, 409, `{"error":{"code":"conflict","details":{"fields":3}}}`)
	if f := e.Fields(); len(f) != 0 || len(e.Details()) != 1 {
		t.Errorf("scaivault reads the fields %v and the details %s", f, e.Details())
	}
	e = decode(5, 404, `{"type":7,"title":null,"detail":[],"code":"x_y","errors":[1,{"detail":"a"},{"pointer":"#/b"},{"detail":"c","pointer":7,"header":"H"}],"zz":1,"ok_name":2,"retry_after":9999999999}`)
	if f := e.Fields(); len(f) != 2 || f[0].Message != "a" || f[1].In != problem.InHeader || len(e.Details()) != 1 || e.RetryAfter() != 0 {
		t.Errorf("rfc9457 reads %v, the details %s, retry after %v", f, e.Details(), e.RetryAfter())
	}
	e = decode(5, 451, `{}`)
	if !errors.Is(e, problem.InvalidRequest) {
		t.Errorf("rfc9457 reads a 451 as %v, want %v", e.Kind(), problem.InvalidRequest)
	}
	e = decode(5, 599, `{}`)
	if !errors.Is(e, problem.Internal) {
		t.Errorf("rfc9457 reads a 599 as %v, want %v", e.Kind(), problem.Internal)
	}
}
