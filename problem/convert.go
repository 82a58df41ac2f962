package problem

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"

	"github.com/backstop-go/backstop/internal/exchange"
)

// convert makes an *Error of any error; the first step that knows it wins.
//
// Nothing is guessed: sql.ErrNoRows and fs.ErrNotExist may be the client's
// fault or ours, and JSON errors may come from our own decoding. Config.Map is
// the place to say so.
//
// An error that was left beside a status, which stated then is, has the status
// speak for it unless the mapper knows it or it is one of ours.
func (p *Responder) convert(x *exchange.Exchange, r *http.Request, err error, stated *exchange.Stated) *Error {
	ctx := r.Context()
	err = p.mapped(ctx, err)
	e := p.known(r, err, stated)
	if e.Kind() != Internal || !errors.Is(ctx.Err(), context.Canceled) {
		return e
	}
	// The request is over, and an Internal does not shield that: nobody is there
	// to read a 500.
	if clientGone(x, r, err) {
		return ClientClosed.Wrap(err, "")
	}
	if cause := context.Cause(ctx); cause != context.Canceled && errors.Is(err, context.Canceled) {
		// Somebody here has ended it and said why.
		return p.known(r, p.mapped(ctx, cause), stated)
	}
	return e
}

// mapped asks Config.Map, and returns err if that has no opinion or panics.
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

// byStatus returns what a status says. The styles' own sentence for an
// InvalidRequest speaks of a malformed body.
func byStatus(status int, cause error) *Error {
	code, public := Code{Kind: KindOf(status), Status: status}, ""
	if code.Kind == InvalidRequest {
		public = StatusText(status)
	}
	return code.Wrap(cause, public)
}

// typed finds the *Error, Code or Kind that speaks for a tree of errors: the
// first, depth first, but of several a 5xx before a 4xx. It returns nil if there
// is none. A Code or Kind that is found takes the whole tree as its cause.
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
	status int    // of what was found, 0 if nothing was
	found  *Error // or else
	code   Code
}

// visit does not look into an *Error: its cause is private.
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
