package validate

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"reflect"

	"github.com/backstop-go/backstop/internal/exchange"
	"github.com/backstop-go/backstop/problem"
)

// HandlerFunc returns a handler that decodes each request into a T as [Decode]
// does and calls fn with it. Errors of both are answered as those of a
// [problem.HandlerFunc]. It panics if fn is nil or T fails [Check], as
// http.ServeMux does for a bad pattern.
func HandlerFunc[T any](v *Validator, fn func(http.ResponseWriter, *http.Request, T) error) http.Handler {
	if fn == nil {
		panic("validate: HandlerFunc of a nil function")
	}
	v = mustCheck[T](v)
	return problem.HandlerFunc(func(w http.ResponseWriter, r *http.Request) error {
		in, err := Decode[T](v, w, r)
		if err != nil {
			return err
		}
		defer removeFiles(r)
		return fn(w, r, in)
	})
}

// Handler returns a middleware for a handler that reads the body itself: it
// decodes each request into a T as [Decode] does, leaves the T in the context,
// see [FromContext], and passes on a request whose body reads the same bytes
// again. A request that fails is answered by [problem.Respond]. Handler panics
// if T fails [Check].
//
// It must stand below the router for T to have path parameters, and above
// nothing that parses forms.
func Handler[T any](v *Validator) func(http.Handler) http.Handler {
	v = mustCheck[T](v)
	return func(next http.Handler) http.Handler {
		if next == nil {
			panic("validate: Handler of a nil handler")
		}
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			in, body, err := decode[T](v, w, r, true)
			if err != nil {
				problem.Respond(w, r, err)
				return
			}
			defer removeFiles(r)
			r2 := r.WithContext(context.WithValue(r.Context(), key[T]{}, &in))
			defer exchange.Leave(r, r2)
			if v.plan(reflect.TypeFor[T]()).of(r).reads(r) {
				r2.Body = io.NopCloser(bytes.NewReader(body))
				r2.ContentLength = int64(len(body))
				r2.TransferEncoding = nil
			}
			next.ServeHTTP(w, r2)
		})
	}
}

// key is the context key of a T.
type key[T any] struct{}

// FromContext returns what the innermost [Handler] of T has decoded. It panics
// if there was none, because that can only be a mistake in the wiring.
func FromContext[T any](ctx context.Context) T {
	in, ok := ctx.Value(key[T]{}).(*T)
	if !ok {
		panic(fmt.Sprintf("validate: FromContext: no Handler[%v] ran", reflect.TypeFor[T]()))
	}
	return *in
}

func mustCheck[T any](v *Validator) *Validator {
	v = v.orStandard()
	if err := Check[T](v); err != nil {
		panic(err)
	}
	return v
}
