package openapi

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/backstop-go/backstop/internal/jsonappend"
	"github.com/backstop-go/backstop/problem"
)

// response collects the answers of one status.
type response struct {
	status     int
	examples   []example
	seen       []string // bodies, all for the path "/"
	limited    bool     // one of the errors is RateLimited
	retry      bool     // some answer has a Retry-After
	challenges bool     // some answer has a WWW-Authenticate
	plain      bool     // some answer has no WWW-Authenticate
}

type example struct{ key, body string }

// take adds the answer to a failure, unless an equal one is there.
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

// newKey returns the name of a kind, with a number if the name is taken.
func (s *response) newKey(kind problem.Kind) string {
	key := kind.String()
	for n := 2; slices.ContainsFunc(s.examples, func(e example) bool { return e.key == key }); n++ {
		key = fmt.Sprintf("%v_%d", kind, n)
	}
	return key
}

// component returns the description of the answers of one status.
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
