package problem_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"

	"github.com/backstop-go/backstop/problem"
)

type uncomparable struct{ parts []string }

func (uncomparable) Error() string { return "uncomparable" }

func TestConversion(t *testing.T) {
	tooLarge := &http.MaxBytesError{Limit: 10}
	var nilPath *fs.PathError
	var nilError *problem.Error
	for _, c := range []struct {
		rule string
		err  error
		want string // kind and status
	}{
		{"an unknown error is Internal", io.EOF, "internal 500"},
		{"a kind is itself", problem.NotFound, "not_found 404"},
		{"a number that is no kind is Internal", problem.Kind(99), "internal 500"},
		{"so is the first number after the kinds", problem.ClientClosed + 1, "internal 500"},
		{"a code has its status", withoutName, "conflict 418"},
		{"a code without status has that of its kind", nameTaken, "conflict 409"},
		{"a code of the kind ClientClosed is a 499", problem.Code{Name: "left", Kind: problem.ClientClosed}, "client_closed 499"},
		{"a status below 400 becomes 500", problem.Code{Kind: problem.Gone, Status: 200}, "gone 500"},
		{"599 is the last status of an error", problem.Code{Name: "x", Kind: problem.Gone, Status: 599}, "gone 599"},
		{"a status above 599 becomes 500", problem.Code{Name: "x", Kind: problem.Gone, Status: 600}, "gone 500"},
		{"an error is found in a wrapper", fmt.Errorf("load: %w", problem.Gone.New("")), "gone 410"},
		{"a code is found in a wrapper", fmt.Errorf("save: %w", emailTaken), "conflict 409"},
		{"a kind is found beside a foreign error", fmt.Errorf("%w: %w", problem.NotFound, io.EOF), "not_found 404"},
		{"a kind is found after a foreign error", errors.Join(io.EOF, problem.NotFound), "not_found 404"},
		{"foreign members of a join are causes", errors.Join(context.DeadlineExceeded, problem.NotFound), "not_found 404"},
		{"of several 4xx the first counts", errors.Join(problem.NotFound, problem.Conflict.New("")), "not_found 404"},
		{"a 5xx comes before a 4xx", errors.Join(problem.NotFound, emailTaken, problem.Unavailable), "unavailable 503"},
		{"of several 5xx the first counts", errors.Join(problem.NotFound, problem.Unavailable, problem.Internal), "unavailable 503"},
		{"an Internal is a 5xx", errors.Join(problem.Internal, problem.Unavailable), "internal 500"},
		{"an Internal comes before a 4xx", errors.Join(problem.NotFound, problem.Internal), "internal 500"},
		{"the status that is sent decides what is a 5xx", errors.Join(problem.Unavailable, problem.Code{Kind: problem.NotFound, Status: 501}), "unavailable 503"},
		{"a code's status makes it a 5xx", errors.Join(problem.NotFound, problem.Code{Kind: problem.Gone, Status: 507}), "gone 507"},
		{"a client that left is no 5xx", errors.Join(problem.NotFound, problem.ClientClosed), "not_found 404"},
		{"a tree is searched depth first", errors.Join(fmt.Errorf("a: %w", fmt.Errorf("b: %w", problem.Gone)), problem.NotFound), "gone 410"},
		{"the cause of an error is private", problem.NotFound.Wrap(problem.Unavailable, ""), "not_found 404"},
		{"a nil *Error in a tree is skipped", errors.Join(nilError, problem.Gone), "gone 410"},
		{"a wrapped nil *Error is unknown", fmt.Errorf("x: %w", nilError), "internal 500"},
		{"a body that is too large", fmt.Errorf("read: %w", tooLarge), "payload_too_large 413"},
		{"a kind comes before its cause", problem.InvalidRequest.Wrap(tooLarge, ""), "invalid_request 400"},
		{"our deadline", fmt.Errorf("query: %w", context.DeadlineExceeded), "timeout 504"},
		{"our deadline on a connection", os.ErrDeadlineExceeded, "timeout 504"},
		{"a body that is too large comes before a deadline", errors.Join(os.ErrDeadlineExceeded, tooLarge), "payload_too_large 413"},
		{"a cancelled child context", context.Canceled, "internal 500"},
		{"a missing file is not the client's 404", fs.ErrNotExist, "internal 500"},
		{"an error that cannot be compared", fmt.Errorf("%w", uncomparable{[]string{"a"}}), "internal 500"},
		{"a typed nil whose methods panic", nilPath, "internal 500"},
		{"a typed nil as a private cause", problem.Gone.Wrap(nilPath, ""), "gone 410"},
	} {
		var book logbook
		w := respond(problem.Config{Logger: book.logger()}, c.err)
		record := book.one(t)
		if got := fmt.Sprint(record["kind"], " ", w.Code); got != c.want {
			t.Errorf("%s: %T is answered as %s, want %s", c.rule, c.err, got, c.want)
		}
	}
}

func TestConversionOfCancelledRequests(t *testing.T) {
	shutdown := errors.New("shutting down")
	for _, c := range []struct {
		rule  string
		cause error
		err   error
		want  string
	}{
		{"the client left", nil, context.Canceled, "client_closed 499"},
		{"the client left, wrapped", nil, fmt.Errorf("query: %w", context.Canceled), "client_closed 499"},
		{"an Internal does not hide a client that left", nil, problem.Internal.Wrap(context.Canceled, ""), "client_closed 499"},
		{"another kind hides a client that left", nil, problem.Unavailable.Wrap(context.Canceled, ""), "unavailable 503"},
		{"another error is not changed", nil, io.EOF, "internal 500"},
		{"the cause of the cancellation is converted instead", problem.Unavailable, context.Canceled, "unavailable 503"},
		{"a cause with a text", problem.Conflict.New("Moved"), fmt.Errorf("query: %w", context.Canceled), "conflict 409"},
		{"a foreign cause", io.EOF, context.Canceled, "internal 500"},
		{"a cause does not replace another error", problem.Unavailable, io.EOF, "internal 500"},
		{"a deadline as the cause", context.DeadlineExceeded, context.Canceled, "timeout 504"},
		{"a cause that wraps the cancellation", fmt.Errorf("stop: %w", context.Canceled), context.Canceled, "internal 500"},
		{"a cause that the mapper knows", shutdown, context.Canceled, "unavailable 503"},
	} {
		ctx, cancel := context.WithCancelCause(t.Context())
		cancel(c.cause)
		var book logbook
		w := serve(problem.Config{
			Logger: book.logger(),
			Map: func(_ context.Context, err error) error {
				if errors.Is(err, shutdown) {
					return problem.Unavailable
				}
				return nil
			},
		}, httptest.NewRequestWithContext(ctx, http.MethodGet, "/", nil), returning(c.err))
		record := book.one(t)
		if got := fmt.Sprint(record["kind"], " ", w.Code); got != c.want {
			t.Errorf("%s: answered as %s, want %s", c.rule, got, c.want)
		}
	}
}

func TestAnExpiredRequestIsATimeout(t *testing.T) {
	ctx, cancel := context.WithTimeoutCause(t.Context(), 0, problem.Timeout)
	defer cancel()
	<-ctx.Done()
	r := httptest.NewRequestWithContext(ctx, http.MethodGet, "/", nil)
	if got := serve(problem.Config{}, r, returning(ctx.Err())).Code; got != http.StatusGatewayTimeout {
		t.Errorf("a request beyond its deadline is answered %d, want 504", got)
	}
	if got := serve(problem.Config{}, r, returning(context.Canceled)).Code; got != http.StatusInternalServerError {
		t.Errorf("a cancelled child of a request beyond its deadline is answered %d, want 500", got)
	}
}

func TestMap(t *testing.T) {
	var nilError *problem.Error
	foreign := errors.New("no rows")
	for _, c := range []struct {
		rule   string
		mapper func(context.Context, error) error
		want   string
	}{
		{"the result of the mapper is converted", func(_ context.Context, err error) error { return problem.NotFound.Wrap(err, "") }, "not_found 404"},
		{"a foreign result is converted, too", func(context.Context, error) error { return context.DeadlineExceeded }, "timeout 504"},
		{"nil means that the mapper does not know the error", func(context.Context, error) error { return nil }, "internal 500"},
		{"a nil *Error means the same", func(context.Context, error) error { return nilError }, "internal 500"},
		{"a panic means the same", func(context.Context, error) error { panic("oops") }, "internal 500"},
	} {
		var book logbook
		w := respond(problem.Config{Logger: book.logger(), Map: c.mapper}, foreign)
		record := book.one(t)
		if got := fmt.Sprint(record["kind"], " ", w.Code); got != c.want {
			t.Errorf("%s: answered as %s, want %s", c.rule, got, c.want)
		}
		if record["cause"] != "no rows" {
			t.Errorf("%s: the log has the cause %q, want the original error", c.rule, record["cause"])
		}
	}
	renamed := func(_ context.Context, err error) error {
		if errors.Is(err, problem.NotFound) {
			return problem.Gone
		}
		return nil
	}
	for _, err := range []error{problem.NotFound, problem.NotFound.New("x"), problem.Code{Name: "x", Kind: problem.NotFound}} {
		if w := respond(problem.Config{Map: renamed}, err); w.Code != http.StatusGone {
			t.Errorf("%#v, for which the mapper returns Gone, is answered %d, want 410", err, w.Code)
		}
	}
	w := respond(problem.Config{Map: func(context.Context, error) error { return nilError }}, context.DeadlineExceeded)
	if w.Code != http.StatusGatewayTimeout {
		t.Errorf("if the mapper returns a nil *Error, a deadline is answered %d, want 504", w.Code)
	}
	w = respond(problem.Config{Map: func(context.Context, error) error { panic("oops") }}, problem.NotFound)
	if w.Code != http.StatusNotFound {
		t.Errorf("if the mapper panics, a NotFound is answered %d, want 404", w.Code)
	}
}

func TestNilIsNoError(t *testing.T) {
	var nilError *problem.Error
	for _, err := range []error{nil, nilError} {
		var book logbook
		w := respond(problem.Config{Logger: book.logger()}, err)
		if w.Code != http.StatusOK || w.Body.Len() > 0 || len(book.all()) > 0 {
			t.Errorf("Respond(%#v) = %d %q and %d records, want no answer and no record", err, w.Code, w.Body, len(book.all()))
		}
	}
}
