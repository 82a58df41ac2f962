package openapi

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/backstop-go/backstop/internal/jsonappend"
	"github.com/backstop-go/backstop/problem"
)

// response is what stands under one status.
type response struct {
	status     int
	examples   []example
	seen       []string // bodies, all with the same path
	limited    bool     // RateLimited is among the errors
	retry      bool     // some answer names a delay
	challenges bool     // some answer has a challenge
	plain      bool     // some has none
}

type example struct{ key, body string }

// take adds the answer to a failure, unless it is there.
func (s *response) take(b *builder, f failure, a answer, p pattern) {
	s.limited = s.limited || f.kind == problem.RateLimited
	s.retry = s.retry || a.header["Retry-After"] != nil
	hasChallenge := a.header["Www-Authenticate"] != nil
	s.challenges, s.plain = s.challenges || hasChallenge, s.plain || !hasChallenge
	if slices.Contains(s.seen, a.body) {
		return
	}
	s.seen = append(s.seen, a.body)
	s.examples = append(s.examples, example{s.newKey(f.kind), b.preview(f.err, p.method, p.path).body})
}

// newKey returns the name of a kind, from the second on with a number.
func (s *response) newKey(kind problem.Kind) string {
	key := kind.String()
	for n := 2; slices.ContainsFunc(s.examples, func(e example) bool { return e.key == key }); n++ {
		key = fmt.Sprintf("%v_%d", kind, n)
	}
	return key
}

// component describes what is answered with a status.
func (b *builder) component(s *response) *object {
	o := &object{}
	o.setString("description", problem.StatusText(s.status))
	b.addHeaders(o.add("headers"), s)
	media := o.add("content").add(b.style.ContentType)
	media.add("schema").setString("$ref", "#/components/schemas/Error")
	examples := media.add("examples")
	for _, e := range s.examples {
		value := []byte(e.body)
		if !strings.Contains(b.style.ContentType, "json") || !json.Valid(value) {
			value = jsonappend.String(nil, e.body)
		}
		examples.add(e.key).set("value", value)
	}
	return o
}
