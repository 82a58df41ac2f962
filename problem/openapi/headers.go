package openapi

import (
	"net/http"

	"github.com/backstop-go/backstop/problem"
)

// header is a header field of a response.
type header struct{ name, description, schema string }

const (
	anyText = `{"type":"string"}`
	seconds = `{"type":"integer","minimum":1}`
	count   = `{"type":"integer","minimum":0}`
)

// families are the header fields of a limiter, by family.
var families = []struct {
	family problem.RateLimitHeaders
	fields []header
}{
	{problem.XRateLimit, []header{
		{"X-RateLimit-Limit", "Requests of a full window", count},
		{"X-RateLimit-Remaining", "Requests that are left", count},
		{"X-RateLimit-Reset", "When all are back, in Unix seconds", count},
	}},
	{problem.RateLimitTrio, []header{
		{"RateLimit-Limit", "Requests of a full window", count},
		{"RateLimit-Remaining", "Requests that are left", count},
		{"RateLimit-Reset", "When all are back, in seconds from now", count},
	}},
	{problem.RateLimitFields, []header{
		{"RateLimit-Policy", "The limits, a list of structured fields", anyText},
		{"RateLimit", "What is left of them, a list of structured fields", anyText},
	}},
}

// addHeaders adds the header fields of a response. A field is required if every answer
// of the responder has it.
func (b *builder) addHeaders(o *object, s *response) {
	add := func(h header, required bool) {
		field := o.add(h.name)
		field.setString("description", h.description)
		if required {
			field.set("required", []byte("true"))
		}
		field.set("schema", []byte(h.schema))
	}
	add(header{b.cfg.RequestID, "The ID of this exchange, which the log has too", `{"type":"string","minLength":1}`}, true)
	if s.challenges {
		add(header{"WWW-Authenticate", "How to authenticate", anyText}, !s.plain)
	}
	if s.retry || s.status == http.StatusTooManyRequests || s.status == http.StatusServiceUnavailable {
		add(header{"Retry-After", "Seconds after which a repetition may succeed", seconds}, false)
	}
	if !s.limited {
		return
	}
	for _, f := range families {
		if b.style.RateLimit&f.family == 0 {
			continue
		}
		for _, h := range f.fields {
			add(h, false)
		}
	}
}
