package problem

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"

	"github.com/backstop-go/backstop/internal/exchange"
)

// convert makes an *Error of any error. The first step that knows the error decides.
//
// convert does not guess: sql.ErrNoRows and fs.ErrNotExist may be the client's fault or
// ours, and a JSON error may come from our own decoding. [Config.Map] decides about
// them.
//
// If stated is not nil, the handler has chosen a status by itself. That status decides,
// unless [Config.Map] knows err or err holds an [Error], [Code] or [Kind].
func (p *Responder) convert(x *exchange.Exchange, r *http.Request, err error, stated *exchange.Stated) *Error {
	ctx := r.Context()
	err = p.mapped(ctx, err)
	e := p.known(r, err, stated)
	switch {
	case e.Kind() != Internal:
	case clientGone(x, r, err): // nobody would read a 500
		return ClientClosed.Wrap(err, "")
	case errors.Is(ctx.Err(), context.Canceled) && errors.Is(err, context.Canceled): // our own code has ended the request, with a cause
		return p.known(r, p.mapped(ctx, context.Cause(ctx)), stated)
	}
	return e
}

// mapped returns the result of [Config.Map], or err if that is nil or Map panics.
func (p *Responder) mapped(ctx context.Context, err error) (mapped error) {
	if p.cfg.Map == nil {
		return err
	}
	defer func() {
		if value := recover(); value != nil {
			mapped = fmt.Errorf("panic in problem.Config.Map: %v: %w", value, err)
		}
	}()
	if mapped = p.cfg.Map(ctx, err); isNil(mapped) {
		return err
	}
	return mapped
}

// known converts an error by what it is.
func (p *Responder) known(r *http.Request, err error, stated *exchange.Stated) *Error {
	if e := p.typed(err); e != nil {
		return e
	}
	if stated != nil {
		return byStatus(stated.Status, err)
	}
	if kind, ok := ofRequest(r, err); ok {
		return kind.Wrap(err, "")
	}
	if clientSlow(r, err) {
		return RequestTimeout.Wrap(err, "")
	}
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, os.ErrDeadlineExceeded) {
		return Timeout.Wrap(err, "")
	}
	return Internal.Wrap(err, "")
}

// byStatus returns the error of a status. An InvalidRequest gets the phrase of the
// status, because the sentences of styles are about a malformed body.
func byStatus(status int, cause error) *Error {
	code, public := Code{Kind: KindOf(status), Status: status}, ""
	if code.Kind == InvalidRequest {
		public = StatusText(status)
	}
	return code.Wrap(cause, public)
}

// typed finds the *Error, Code or Kind in a tree of errors. It takes the first, depth
// first, but prefers a 5xx to a 4xx. A Code or Kind gets the whole tree as its cause.
// typed returns nil if there is none.
func (p *Responder) typed(err error) *Error {
	switch err := err.(type) {
	case *Error:
		return err
	case Kind:
		return err.bare()
	case Code:
		return err.New("")
	}
	s := search{p: p}
	s.visit(err)
	if s.found == nil && s.status != 0 {
		return s.code.Wrap(err, "")
	}
	return s.found
}

// search is a walk through a tree of errors.
type search struct {
	p      *Responder
	status int    // of found or code; 0 if nothing was found
	found  *Error // nil if a Code or Kind was found
	code   Code
}

// visit looks at err and what it wraps. It does not look into an *Error, whose cause is
// private.
func (s *search) visit(err error) {
	switch err := err.(type) {
	case *Error:
		if err != nil {
			s.take(err, err.code)
		}
	case Code:
		s.take(nil, err)
	case Kind:
		s.take(nil, Code{Kind: err})
	case interface{ Unwrap() error }:
		s.visit(err.Unwrap())
	case interface{ Unwrap() []error }:
		for _, err := range err.Unwrap() {
			s.visit(err)
		}
	}
}

func (s *search) take(e *Error, c Code) {
	status := s.p.style.status(c)
	if s.status == 0 || s.status < 500 && status >= 500 {
		s.found, s.code, s.status = e, c, status
	}
}
