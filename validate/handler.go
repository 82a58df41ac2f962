package validate

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"runtime/debug"

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
	v, p := mustCheck[T](v)
	return problem.HandlerFunc(func(w http.ResponseWriter, r *http.Request) error {
		in, err := decode[T](v, p, w, r, nil)
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
	v, p := mustCheck[T](v)
	return func(next http.Handler) http.Handler {
		if next == nil {
			panic("validate: Handler of a nil handler")
		}
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			var body []byte
			in, err := decode[T](v, p, w, r, &body)
			if err != nil {
				problem.Respond(w, r, err)
				return
			}
			defer removeFiles(r)
			r2 := r.WithContext(context.WithValue(r.Context(), key[T]{}, &in))
			defer exchange.Leave(r, r2)
			if body != nil {
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

func mustCheck[T any](v *Validator) (*Validator, *plan) {
	if err := Check[T](v); err != nil {
		panic(err)
	}
	v = v.orStandard()
	return v, v.plan(reflect.TypeFor[T]())
}

// Decode reads a request into a T and validates it. The error of a bad request
// is of the kind InvalidRequest, Validation, PayloadTooLarge,
// UnsupportedMediaType or RequestTimeout; hand it to [problem.Respond]. Any
// other means that the server is at fault, or that the request's context is
// done.
//
// The body is consumed. With a nil w the connection is not closed after a body
// that is too large, and [Config].ReadTimeout has no effect.
func Decode[T any](v *Validator, w http.ResponseWriter, r *http.Request) (T, error) {
	v = v.orStandard()
	p := v.plan(reflect.TypeFor[T]())
	if p.fault != nil {
		return *new(T), problem.Internal.Wrap(p.fault, "")
	}
	return decode[T](v, p, w, r, nil)
}

// decode does the work of Decode. It keeps the body in kept, if that is not nil.
func decode[T any](v *Validator, p *plan, w http.ResponseWriter, r *http.Request, kept *[]byte) (in T, err error) {
	p = p.of(r)
	target := settle(reflect.ValueOf(&in).Elem())
	root := target
	if p.wrapped {
		root = reflect.New(p.top.typ).Elem()
	}
	if err := v.decode(p, root, w, r, kept); err != nil {
		if p.form {
			removeFiles(r)
		}
		return *new(T), err
	}
	if p.wrapped {
		target.Set(root.Field(0))
	}
	return in, nil
}

// decode is the pipeline: the first refusal wins, and all field errors are one
// refusal.
func (v *Validator) decode(p *plan, root reflect.Value, w http.ResponseWriter, r *http.Request, kept *[]byte) (err error) {
	defer contain(&err)
	if err := p.checkPath(r); err != nil {
		return problem.Internal.Wrap(err, "")
	}
	decoded, memory := findings{limit: v.cfg.MaxErrors}, v.cfg.MaxValue
	doc := &noDocument
	if p.reads(r) {
		if doc, err = v.read(p, w, r, kept != nil || p.keeps); err != nil {
			return err
		}
		defer doc.release()
	}
	if kept != nil {
		*kept = doc.data
	}
	if doc.scanner != nil {
		if decoded, err = v.decodeBody(p, root, doc, &memory); err != nil {
			return err
		}
	}
	var in params
	if len(p.params) > 0 {
		if in, err = v.params(p, r, doc); err != nil {
			return err
		}
		in.decode(p, root, &decoded)
	}
	if p.embeds {
		prepare(root, p.top, &memory)
	}
	if memory < 0 {
		return problem.InvalidRequest.New(textElements)
	}
	found, err := p.judge(r.Context(), v, root, decoded, false)
	if len(found.list) == 0 || err != nil {
		return err
	}
	var few [4]*finding // need no memory of their own
	wanted := few[:0]
	for i := range found.list {
		switch f := &found.list[i]; {
		case f.In == problem.InBody && f.Presence != problem.Zero: // was sent
		case f.In == problem.InBody && doc.scanner != nil:
			wanted = append(wanted, f)
		case f.In == problem.InBody, in.isAbsent(p.top.object.fields[f.at[0].rank]):
			f.Presence = problem.Absent
		}
	}
	if len(wanted) > 0 {
		c := doc.scanner.Cursor()
		locate(&c, wanted, 0)
	}
	return found.err()
}

// noDocument is the body of a T that has no use for it.
var noDocument document

// decodeBody decodes a JSON body. What is wrong with the body as a whole is no
// error of a field.
func (v *Validator) decodeBody(p *plan, root reflect.Value, doc *document, memory *int64) (found findings, err error) {
	c, target, rules := doc.scanner.Cursor(), root, (*section)(nil)
	if p.member != nil {
		target, rules = fieldAt(root, p.member.Index), p.member.rules
	}
	found = v.walk(c, target, p.body, p.member, rules, memory)
	isNull := c.Peek() == 'n' && p.body.want != problem.TypeAny
	if isNull || len(found.list) > 0 && len(found.list[0].at) == 0 {
		err = problem.InvalidRequest.Wrap(fmt.Errorf("validate: the body does not decode into %v", p.body.typ), "")
	}
	return found, err
}

// contain turns a panic of a rule, an unmarshaler or the engine into an error
// that says nothing to the client. http.ErrAbortHandler goes on its way.
func contain(err *error) {
	p := recover()
	if p == nil {
		return
	}
	if exchange.IsAbort(p) {
		panic(p)
	}
	// Its value may be the client's, as the index in a runtime.Error; the stack
	// names the line.
	*err = problem.Internal.Wrap(fmt.Errorf("validate: panic of type %T\n%s", p, debug.Stack()), "")
}
