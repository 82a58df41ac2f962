package validate

import (
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"runtime/debug"

	"github.com/backstop-go/backstop/internal/exchange"
	"github.com/backstop-go/backstop/problem"
)

// Decode reads a request into a T and validates it. The error of a bad request
// is of the kind InvalidRequest, Validation, PayloadTooLarge,
// UnsupportedMediaType or RequestTimeout; hand it to [problem.Respond]. Any
// other means that the server is at fault, or that the request's context is
// done.
//
// The body is consumed. With a nil w the connection is not closed after a body
// that is too large, and [Config].ReadTimeout has no effect.
func Decode[T any](v *Validator, w http.ResponseWriter, r *http.Request) (T, error) {
	in, _, err := decode[T](v.orStandard(), w, r, false)
	return in, err
}

// decode does the work of Decode. With keep it returns the body, too.
func decode[T any](v *Validator, w http.ResponseWriter, r *http.Request, keep bool) (in T, body []byte, err error) {
	p := v.plan(reflect.TypeFor[T]())
	if p.fault != nil {
		return in, nil, problem.Internal.Wrap(p.fault, "")
	}
	target := reflect.ValueOf(&in).Elem()
	for target.Kind() == reflect.Pointer {
		target.Set(reflect.New(target.Type().Elem()))
		target = target.Elem()
	}
	root := target
	if p.wrapped {
		root = reflect.New(p.root).Elem()
	}
	body, err = v.decode(p, root, w, r, keep)
	if err != nil {
		var zero T
		return zero, nil, err
	}
	if p.wrapped {
		target.Set(root.Field(0))
	}
	return in, body, nil
}

// decode is the pipeline: the first refusal wins, and all field errors are one
// refusal.
func (v *Validator) decode(p *plan, root reflect.Value, w http.ResponseWriter, r *http.Request, keep bool) (body []byte, err error) {
	defer contain(&err)
	var decoded *findings // nil while nothing is wrong
	if p.body != nil || p.form {
		buffer, err := v.read(p, w, r, keep || !p.pooled)
		if err != nil {
			return nil, err
		}
		defer buffer.release()
		body = buffer.data
	}
	if p.body != nil {
		if decoded, err = v.decodeBody(p, root, body); err != nil {
			return nil, err
		}
	}
	in, err := v.params(p, r, body)
	if err != nil {
		return nil, err
	}
	if len(p.params) > 0 {
		if decoded == nil {
			decoded = &findings{limit: v.cfg.MaxErrors}
		}
		in.decode(p, root, decoded)
	}
	if p.embeds {
		prepare(root, &node{shape: shapeStruct, object: p.top, deep: true})
	}
	found, err := p.judge(r.Context(), v, root, decoded)
	if found == nil || err != nil {
		return body, err
	}
	in.locate(p, found.list)
	if p.body != nil {
		locate(body, found.list)
	}
	return nil, found.err()
}

// decodeBody decodes a JSON body. An empty one was allowed, and is an object
// without members where there is one to fill.
func (v *Validator) decodeBody(p *plan, root reflect.Value, body []byte) (*findings, error) {
	if isBlank(body) {
		if p.body.shape != shapeStruct {
			return nil, nil
		}
		body = []byte("{}")
	}
	look, err := v.scan(body, p.body)
	if err != nil {
		return nil, err
	}
	if !p.body.accepts(body) {
		return nil, problem.InvalidRequest.Wrap(fmt.Errorf("validate: the body is not a JSON %s", p.body.shape), "")
	}
	target := root
	if p.member != nil {
		target = fieldAt(root, p.member.index)
	}
	if err := json.Unmarshal(body, target.Addr().Interface()); err == nil && !look {
		return nil, nil
	}
	target.SetZero()
	found := v.walk(body, target, p.body, p.member)
	if p.body.shape != shapeStruct && p.body.shape != shapeMap && p.body.shape != shapeList && len(found.list) > 0 {
		return nil, problem.InvalidRequest.Wrap(fmt.Errorf("validate: the body does not decode into %v", p.body.typ), "")
	}
	return found, nil
}

// accepts reports whether a body of that JSON kind can become a value of n.
func (n *node) accepts(body []byte) bool {
	c := cursor{data: body}
	c.space()
	switch n.shape {
	case shapeStruct, shapeMap:
		return c.peek() == '{'
	case shapeList:
		return c.peek() == '['
	case shapeScalar:
		return c.peek() != 'n'
	}
	return true
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
