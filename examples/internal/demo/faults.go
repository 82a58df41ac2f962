package demo

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"time"

	"github.com/backstop-go/backstop/problem"
)

// errDial is used in causes and panics. A test looks for its text in every answer.
var errDial = errors.New("dial postgres: dsn=s3cr3t-dsn")

// faultRoutes returns routes that fail on purpose, in all ways in which a handler can fail.
func faultRoutes(cfg Config) []Route {
	faults := map[string]problem.HandlerFunc{
		"panic":             panics,
		"panic-midway":      panicsMidway,
		"panic-after-flush": panicsAfterFlush,
		"panic-no-content":  panicsNoContent,
		"panic-stale":       panicsStale,
		"abort":             aborts,
		"goexit":            exits,
		"slow":              sleeps(10 * cfg.Timeout),
		"plain":             answersText,
		"leak":              leaks,
		"double":            answersTwice,
	}
	var kinds []error
	for kind := range problem.ClientClosed {
		kinds = append(kinds, kind)
		faults[kind.String()] = func(http.ResponseWriter, *http.Request) error { return kind }
	}
	byName := func(w http.ResponseWriter, r *http.Request) error {
		fault, ok := faults[r.PathValue("fault")]
		if !ok {
			return problem.NotFound
		}
		return fault(w, r)
	}
	byCode := func(_ http.ResponseWriter, r *http.Request) error {
		code, ok := published(cfg.Style, r.PathValue("name"))
		if !ok {
			return problem.NotFound
		}
		return code
	}
	codes := []error{problem.NotFound}
	for _, code := range cfg.Style.Codes {
		codes = append(codes, code)
	}
	return []Route{
		{"GET", "/api/v1/faults/{fault}", problem.HandlerFunc(byName), kinds},
		{"GET", "/api/v1/faults/code/{name}", problem.HandlerFunc(byCode), codes},
	}
}

func panics(http.ResponseWriter, *http.Request) error { panic(errDial) }

func panicsMidway(w http.ResponseWriter, _ *http.Request) error {
	if _, err := io.WriteString(w, "partial"); err != nil {
		return err
	}
	panic(errDial)
}

func panicsAfterFlush(w http.ResponseWriter, _ *http.Request) error {
	if _, err := io.WriteString(w, "partial"); err != nil {
		return err
	}
	if err := http.NewResponseController(w).Flush(); err != nil {
		return err
	}
	panic(errDial)
}

func panicsNoContent(w http.ResponseWriter, _ *http.Request) error {
	w.WriteHeader(http.StatusNoContent)
	panic(errDial)
}

// panicsStale has set the header for a picture when it panics. The answer must not have any
// of these fields.
func panicsStale(w http.ResponseWriter, _ *http.Request) error {
	h := w.Header()
	h.Set("Content-Length", "100")
	h.Set("Content-Type", "image/png")
	h.Set("ETag", `"v1"`)
	h.Set("Cache-Control", "public, max-age=3600")
	panic(errDial)
}

func aborts(http.ResponseWriter, *http.Request) error { panic(http.ErrAbortHandler) }

func exits(http.ResponseWriter, *http.Request) error {
	runtime.Goexit()
	return nil
}

// sleeps waits for d, and fails if the deadline comes first.
func sleeps(d time.Duration) problem.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) error {
		select {
		case <-r.Context().Done():
			return r.Context().Err()
		case <-time.After(d):
			return reply(w, http.StatusOK, map[string]string{"status": "late"})
		}
	}
}

// answersText is an old handler, which sends the client a text that belongs in the log.
func answersText(w http.ResponseWriter, _ *http.Request) error {
	http.Error(w, `pq: password authentication failed for user "root"`, http.StatusInternalServerError)
	return nil
}

func leaks(http.ResponseWriter, *http.Request) error { return fmt.Errorf("list secrets: %w", errDial) }

// answersTwice returns an error after a success. That is too late for an envelope, so the
// connection is cut.
func answersTwice(w http.ResponseWriter, _ *http.Request) error {
	if err := reply(w, http.StatusOK, map[string]string{"status": "ok"}); err != nil {
		return err
	}
	return errDial
}
