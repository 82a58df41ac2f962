package problem_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/backstop-go/backstop/problem"
	"github.com/backstop-go/backstop/problem/authrim"
	"github.com/backstop-go/backstop/problem/entryguard"
)

// received is an error of another service.
func received(status int, header http.Header, v problem.View) *problem.Error {
	return problem.Remote(&authrim.Style, status, header, v)
}

func TestRemoteErrorsAreNotForwarded(t *testing.T) {
	secret := problem.View{Code: "unauthorized", Message: "planted", RetryAfter: 7}
	for _, c := range []struct {
		rule string
		err  error
		want string
	}{
		{"its 401", received(401, nil, secret), "502 upstream_failed"},
		{"a wrapped 401", fmt.Errorf("call: %w", received(401, nil, secret)), "502 upstream_failed"},
		{"its 500", received(500, nil, secret), "502 upstream_failed"},
		{"its timeout", received(504, nil, problem.View{Code: "timeout"}), "504 upstream_timeout"},
		{"the timeout of its own upstream", problem.Remote(&problem.RFC9457, 504, nil, problem.View{Code: "upstream_timeout"}), "504 upstream_timeout"},
		{"its 408, for which our service was too slow", received(408, nil, problem.View{}), "504 upstream_timeout"},
	} {
		var book logbook
		w := respond(problem.Config{Logger: book.logger()}, c.err)
		if got := fmt.Sprint(w.Code, " ", decode(t, w).Code); got != c.want {
			t.Errorf("%s: answered as %s, want %s", c.rule, got, c.want)
		}
		if strings.Contains(w.Body.String(), "planted") || w.Header().Get("Retry-After") != "" || w.Header().Get("WWW-Authenticate") != "" {
			t.Errorf("%s: the answer repeats the other service: %v %s", c.rule, w.Header(), w.Body)
		}
		if r := book.one(t); r["remote"] != "true" || strings.Contains(c.rule, "its 401") && !strings.Contains(r["cause"], "planted") {
			t.Errorf("%s: logged %v, want remote and the whole cause", c.rule, r)
		}
	}
}

func TestPassthrough(t *testing.T) {
	e := received(409, nil, problem.View{
		Code: "email_already_exists", Message: "Taken", RetryAfter: 7,
		Details: []problem.Detail{{Name: "email_id", Value: []byte(`7`)}},
	})
	w := respond(problem.Config{}, problem.Passthrough(fmt.Errorf("call: %w", e)))
	if got := decode(t, w); w.Code != 409 || got.Code != "email_already_exists" || got.Detail != "Taken" ||
		got.RetryAfter != 7 || !strings.Contains(w.Body.String(), `"email_id":7`) {
		t.Errorf("Passthrough = %d %s, want status, code, text, delay and details", w.Code, w.Body)
	}
	if !errors.Is(problem.Passthrough(e), authrim.EmailAlreadyExists) {
		t.Error("Passthrough(e) is no longer of the code of e")
	}
	for _, err := range []error{nil, io.EOF, problem.NotFound.New("x")} {
		if got := problem.Passthrough(err); got != err {
			t.Errorf("Passthrough(%v) = %v, want it unchanged", err, got)
		}
	}
	if got := respond(problem.Config{}, e).Code; got != http.StatusBadGateway {
		t.Errorf("after Passthrough the original is answered %d, want 502, because Passthrough returns a copy", got)
	}
	odd := problem.Passthrough(received(200, nil, problem.View{}))
	if got := respond(problem.Config{}, odd).Code; got != http.StatusInternalServerError {
		t.Errorf("an upstream error with status 200 leaves as %d, want 500", got)
	}
}

func TestRemoteReadsTheKind(t *testing.T) {
	fields := []problem.FieldError{{Path: problem.Path{"a"}, Message: "is bad"}}
	teapot := problem.RFC9457
	teapot.Outcomes[problem.Conflict].Status = 418
	for _, c := range []struct {
		rule   string
		style  problem.Style
		status int
		view   problem.View
		want   problem.Kind
	}{
		{"a published code with that status", authrim.Style, 404, problem.View{Code: "user_not_found"}, problem.NotFound},
		{"a published code and fields", authrim.Style, 401, problem.View{Code: "token_expired", Fields: fields}, problem.TokenExpired},
		{"a published code with another status", authrim.Style, 409, problem.View{Code: "user_not_found"}, problem.Conflict},
		{"fields", authrim.Style, 400, problem.View{Fields: fields}, problem.Validation},
		{"an outcome with the status and the code", problem.RFC9457, 403, problem.View{Code: "insufficient_scope"}, problem.InsufficientScope},
		{"an outcome with the status and the text", entryguard.Style, 401, problem.View{Message: "Token has expired"}, problem.TokenExpired},
		{"an outcome with the status, and another text", entryguard.Style, 401, problem.View{Message: "?"}, problem.Unauthenticated},
		{"an outcome with the status, and another code", problem.RFC9457, 429, problem.View{Code: "?"}, problem.RateLimited},
		{"an outcome with an unusual status, and another code", teapot, 418, problem.View{Code: "?"}, problem.Conflict},
		{"any other 4xx", problem.RFC9457, 418, problem.View{}, problem.InvalidRequest},
		{"any other 5xx", problem.RFC9457, 507, problem.View{}, problem.Internal},
		{"no error status", problem.RFC9457, 200, problem.View{}, problem.InvalidRequest},
	} {
		if got := problem.Remote(&c.style, c.status, nil, c.view); got.Kind() != c.want || !got.Remote() {
			t.Errorf("%s: Remote(%d, %+v) has the kind %v, want %v", c.rule, c.status, c.view, got.Kind(), c.want)
		}
	}
}

func TestRemoteReadsTheHeader(t *testing.T) {
	h := http.Header{"X-Request-Id": {"req_h"}, "Retry-After": {"9"}}
	e := received(429, h, problem.View{})
	if e.RequestID() != "req_h" || e.RetryAfter() != 9*time.Second {
		t.Errorf("from the header: ID %q, delay %v, want req_h and 9s", e.RequestID(), e.RetryAfter())
	}
	e = received(429, h, problem.View{RequestID: "req_b", RetryAfter: 5})
	if e.RequestID() != "req_b" {
		t.Errorf("with IDs in both, RequestID() = %q, want that of the body", e.RequestID())
	}
}

func TestRemoteTakesTheLargerDelay(t *testing.T) {
	const answered, minuteLater = "Fri, 31 Dec 1999 23:59:00 GMT", "Sat, 01 Jan 2000 00:00:00 GMT"
	const soon = "Sat, 01 Jan 2000 00:01:00 GMT"
	for _, c := range []struct {
		rule   string
		header http.Header
		body   int
		want   time.Duration
	}{
		{"the header has the longer delay", http.Header{"Retry-After": {"60"}}, 2, time.Minute},
		{"the body has the longer delay", http.Header{"Retry-After": {"2"}}, 60, time.Minute},
		{"only the body has a delay", nil, 60, time.Minute},
		{"the delay of the header is malformed", http.Header{"Retry-After": {"soon"}}, 60, time.Minute},
		{"the delay of the body is negative", http.Header{"Retry-After": {"60"}}, -1, time.Minute},
		{"several headers", http.Header{"Retry-After": {"5", "60", "7"}}, 0, time.Minute},
		{"leading zeros", http.Header{"Retry-After": {"060"}}, 0, time.Minute},
		{"a date", http.Header{"Retry-After": {minuteLater}, "Date": {answered}}, 2, time.Minute},
		{"a date in another form", http.Header{"Retry-After": {"Sat Jan  1 00:00:00 2000"}, "Date": {answered}}, 0, time.Minute},
		{"a date that is past for the answer", http.Header{"Retry-After": {answered}, "Date": {minuteLater}}, 0, 0},
		{"a date without Date, by our clock", http.Header{"Retry-After": {soon}}, 0, time.Minute},
		{"a date with a bad Date, by our clock", http.Header{"Retry-After": {soon}, "Date": {"now"}}, 0, time.Minute},
		{"a date beyond all bounds", http.Header{"Retry-After": {"Fri, 31 Dec 9999 23:59:59 GMT"}}, 0, 0},
		{"the longest delay", http.Header{"Retry-After": {"2147483648"}}, 0, 1 << 31 * time.Second},
		{"a longer delay", http.Header{"Retry-After": {"2147483649"}}, 0, 0},
		{"a longer delay in the body", nil, 1<<31 + 1, 0},
		{"empty", http.Header{"Retry-After": {""}}, 0, 0},
		{"negative", http.Header{"Retry-After": {"-1"}}, 0, 0},
		{"signed", http.Header{"Retry-After": {"+60"}}, 0, 0},
		{"a fraction", http.Header{"Retry-After": {"1.5"}}, 0, 0},
		{"grouped digits", http.Header{"Retry-After": {"31,120"}}, 0, 0},
		{"a unit", http.Header{"Retry-After": {"60s"}}, 0, 0},
		{"more digits than a number has", http.Header{"Retry-After": {"99999999999999999999"}}, 0, 0},
	} {
		synctest.Test(t, func(t *testing.T) { // the clock begins with the year 2000
			time.Sleep(time.Millisecond) // a part of a second is rounded up
			got := received(429, c.header, problem.View{RetryAfter: c.body}).RetryAfter()
			if got != c.want {
				t.Errorf("%s: %v and %d in the body are read as %v, want %v", c.rule, c.header, c.body, got, c.want)
			}
		})
	}
}

func TestRemoteIsBounded(t *testing.T) {
	long := strings.Repeat("x", 1<<20)
	e := received(400, nil, problem.View{
		Code: long, Message: long, RequestID: long, Fields: make([]problem.FieldError, 1000),
		Details: []problem.Detail{{Name: "a", Value: []byte(`"` + long + `"`)}, {Name: "b", Value: []byte(`{`)}},
	})
	if code, _ := e.Code(); len(code.Name) > 128 || len(e.Message()) > 4<<10 || len(e.RequestID()) > 128 ||
		len(e.Fields()) > 100 || len(e.Details()) > 0 {
		t.Errorf("an answer of megabytes is read as code %d, text %d, ID %d bytes, %d fields, %d details",
			len(code.Name), len(e.Message()), len(e.RequestID()), len(e.Fields()), len(e.Details()))
	}
}

func TestRetryClasses(t *testing.T) {
	patient := problem.RFC9457
	patient.Outcomes[problem.RateLimited].Retry = problem.Never
	patient.Outcomes[problem.Unavailable] = problem.Outcome{Code: "down"}
	patient.Outcomes[problem.Conflict] = problem.Outcome{Retry: problem.Once}
	for _, c := range []struct {
		rule   string
		style  problem.Style
		status int
		code   string
		want   problem.Retry
	}{
		{"of an outcome", problem.RFC9457, 429, "rate_limited", problem.AfterDelay},
		{"of another outcome", problem.RFC9457, 503, "unavailable", problem.Backoff},
		{"of an outcome without advice", problem.RFC9457, 404, "not_found", problem.Never},
		{"of an outcome with Never, unlike the default", patient, 429, "rate_limited", problem.Never},
		{"of an outcome without a status", patient, 503, "down", problem.Backoff},
		{"of an outcome with nothing else", patient, 409, "conflict", problem.Once},
		{"of a published code", authrim.Style, 500, "internal_error", authrim.InternalError.Retry},
		{"by status alone", entryguard.Style, 502, "", problem.Backoff},
	} {
		code, _ := problem.Remote(&c.style, c.status, nil, problem.View{Code: c.code}).Code()
		if code.Retry != c.want {
			t.Errorf("%s: the advice for %d %s is %d, want %d", c.rule, c.status, c.code, code.Retry, c.want)
		}
	}
}
