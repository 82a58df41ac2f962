package problem

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
)

// convert makes an *Error of any error; the first step that knows it wins.
// Nothing is guessed: sql.ErrNoRows and fs.ErrNotExist may be the client's
// fault or ours, and JSON errors may come from our own decoding. Config.Map is
// the place to say so.
func (p *Responder) convert(r *http.Request, err error) *Error {
	if mapped := p.mapped(r.Context(), err); mapped != nil {
		err = mapped
	}
	e := p.typed(err)
	ctx := r.Context()
	if (e == nil || e.code.Kind == Internal) && errors.Is(err, context.Canceled) && errors.Is(ctx.Err(), context.Canceled) {
		cause := context.Cause(ctx)
		if cause == context.Canceled {
			return ClientClosed.Wrap(err, "")
		}
		// Somebody here has cancelled the request and said why.
		if e := p.typed(cause); e != nil {
			return e
		}
		return foreign(cause)
	}
	if e != nil {
		return e
	}
	return foreign(err)
}

// mapped calls Config.Map; one that panics has no opinion.
func (p *Responder) mapped(ctx context.Context, err error) (mapped error) {
	if p.cfg.Map == nil {
		return nil
	}
	defer func() {
		if value := recover(); value != nil {
			mapped = fmt.Errorf("panic in problem.Config.Map: %v: %w", value, err)
		}
	}()
	mapped = p.cfg.Map(ctx, err)
	if isNil(mapped) {
		return nil
	}
	return mapped
}

// foreign converts errors that are not ours.
func foreign(err error) *Error {
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return PayloadTooLarge.Wrap(err, "")
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded):
		return Timeout.Wrap(err, "")
	}
	return Internal.Wrap(err, "")
}

// maxTree bounds the search, for an error that unwraps to itself.
const maxTree = 1000

// typed finds the *Error, Code or Kind that speaks for a tree of errors: the
// first, depth first, but of several a 5xx before a 4xx. The cause of an *Error
// is private and not searched.
func (p *Responder) typed(err error) *Error {
	var found *Error
	left := maxTree
	var visit func(error)
	visit = func(err error) {
		if left--; left < 0 || err == nil {
			return
		}
		var e *Error
		switch err := err.(type) {
		case *Error:
			e = err
		case Code:
			e = err.New("")
		case Kind:
			e = err.New("")
		case interface{ Unwrap() error }:
			visit(err.Unwrap())
			return
		case interface{ Unwrap() []error }:
			for _, err := range err.Unwrap() {
				visit(err)
			}
			return
		}
		if e == nil {
			return
		}
		if found == nil || p.statusOf(found) < 500 && p.statusOf(e) >= 500 {
			found = e
		}
	}
	visit(err)
	return found
}

func (p *Responder) statusOf(e *Error) int {
	if e.code.Status != 0 {
		return e.code.Status
	}
	return p.style.outcome(e.code.Kind).Status
}

// upstream is what we say of another service's error: not its status, code or
// words, which were meant for us.
func upstream(e *Error) *Error {
	switch e.code.Kind {
	case RequestTimeout, Timeout, UpstreamTimeout:
		return UpstreamTimeout.Wrap(e, "")
	}
	return UpstreamFailed.Wrap(e, "")
}
