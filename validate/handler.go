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

// HandlerFunc returns a handler that decodes each request into a T, as [Decode] does,
// and calls fn with it. It answers errors of Decode and of fn as a
// [problem.HandlerFunc] does. HandlerFunc panics if fn is nil or T fails [Check], as
// [http.ServeMux] does for a bad pattern.
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

// Handler returns a middleware for a handler that reads the body itself. The
// middleware decodes each request into a T, as [Decode] does, puts the T into the
// context, see [FromContext], and passes on a request whose body can be read again.
// It answers a bad request with [problem.Respond]. Handler panics if T fails [Check].
//
// Put the middleware below the router if T has path parameters, and above any code
// that reads the body or parses a form. If T is a multipart form, the wrapped handler
// finds it in [http.Request.MultipartForm], and [http.Request.FormValue] returns
// nothing.
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
				problem.Respond(exchange.Unwritten(w, r), r, err)
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

// FromContext returns the T that the innermost [Handler] of T has decoded. It panics
// if there was none, because that is a mistake in the program.
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

// Decode reads a request into a T and validates it. The error of a bad request is of
// the kind [problem.InvalidRequest], [problem.Validation],
// [problem.PayloadTooLarge], [problem.UnsupportedMediaType] or
// [problem.RequestTimeout]; hand it to [problem.Respond]. Any other error means that
// the server is at fault, or that the context of the request is done.
//
// Decode consumes the body. If w is nil, the connection stays open after a body that
// is too large, and [Config.ReadTimeout] has no effect.
func Decode[T any](v *Validator, w http.ResponseWriter, r *http.Request) (T, error) {
	v = v.orStandard()
	p := v.plan(reflect.TypeFor[T]())
	if p.fault != nil {
		return *new(T), problem.Internal.Wrap(p.fault, "")
	}
	return decode[T](v, p, w, r, nil)
}

// decode does the work of Decode. If kept is not nil, decode leaves the body there.
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

// decode runs the steps in their order: headers and body, JSON or form, parameters,
// rules. The first step that refuses ends it; all field errors together are one
// refusal.
func (v *Validator) decode(p *plan, root reflect.Value, w http.ResponseWriter, r *http.Request, kept *[]byte) (err error) {
	defer contain(&err)
	if err := p.checkPath(r); err != nil {
		return problem.Internal.Wrap(err, "")
	}
	decoded, memory := findings{limit: v.cfg.MaxErrors}, v.cfg.MaxValue
	doc := &noDocument
	if p.reads(r) {
		if doc, err = v.read(p, w, r, kept != nil || p.retainsBody); err != nil {
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
	if p.embedsPointers {
		prepare(root, p.top, &memory)
	}
	if memory < 0 {
		return problem.InvalidRequest.New(textElements)
	}
	found, err := p.judge(r.Context(), v, root, decoded, false)
	if len(found.list) == 0 || err != nil {
		return err
	}
	var few [4]*finding // saves an allocation
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

// noDocument stands for the body if T has no field for it.
var noDocument document

// decodeBody decodes a JSON body. If the body as a whole has the wrong type, that is
// an error of its own, not one of a field.
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

// contain turns a panic of a rule, an unmarshaler or the engine into an error that
// tells the client nothing. It passes on [http.ErrAbortHandler].
func contain(err *error) {
	p := recover()
	if p == nil {
		return
	}
	if exchange.IsAbort(p) {
		panic(p)
	}
	// The value of the panic may contain what a client sent, such as the index in a
	// runtime.Error, so only its type is logged; the stack names the line.
	*err = problem.Internal.Wrap(fmt.Errorf("validate: panic of type %T\n%s", p, debug.Stack()), "")
}
