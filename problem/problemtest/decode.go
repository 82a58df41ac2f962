package problemtest

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"

	"github.com/backstop-go/backstop/problem"
)

// readBack encodes an error, decodes the body, and encodes the result again. Both bodies
// must say the same.
func readBack(t reporter, style problem.Style) {
	if style.Decode == nil {
		return
	}
	for name, err := range errorsOf() {
		first := render(style, err)
		decoded, err := style.Decode(&style, first.status, first.header, first.body)
		if err != nil || decoded == nil {
			t.Errorf("the body of %s is not decoded: %v: %s", name, err, first.body)
			continue
		}
		if !decoded.Remote() {
			t.Errorf("decoded %s is not Remote, so it would be forwarded: make it with problem.Remote", name)
		}
		second := render(style, problem.Passthrough(decoded))
		if first.status != second.status || !sameButTime(first.body, second.body) {
			t.Errorf("%s is encoded as %d %s, and after decoding as %d %s", name, first.status, first.body, second.status, second.body)
		}
		if a, b := first.header.Get("Retry-After"), second.header.Get("Retry-After"); a != b {
			t.Errorf("%s has the delay %q, and after decoding %q", name, a, b)
		}
	}
	for _, k := range kinds() {
		a := render(style, k)
		decoded, err := style.Decode(&style, a.status, a.header, a.body)
		if err != nil {
			continue // see above
		}
		// Two kinds with the same published code cannot be told apart.
		if b := render(style, decoded.Kind().New(decoded.Message())); a.status != b.status || !sameButTime(a.body, b.body) {
			t.Errorf("%v is decoded as %v, which the style does not write alike: %s and %s", k, decoded.Kind(), a.body, b.body)
		}
	}
}

// derivedTable gives one kind a status that no other kind has. Only a Decode that uses
// the style that it is given can find that kind.
func derivedTable(t reporter, style problem.Style) {
	if style.Decode == nil {
		return
	}
	taken := map[int]bool{}
	for _, k := range kinds() {
		taken[render(style, k).status] = true
	}
	status := http.StatusTeapot
	for taken[status] {
		status++
	}
	derived := style
	derived.Outcomes[problem.Conflict] = problem.Outcome{Status: status, Code: "derived", Message: "Derived", Retry: problem.Once}
	a := render(derived, problem.Conflict)
	decoded, err := derived.Decode(&derived, a.status, a.header, a.body)
	if err != nil {
		t.Errorf("the body of a derived style is not decoded: %v: %s", err, a.body)
		return
	}
	code, _ := decoded.Code()
	if decoded.Kind() != problem.Conflict || code.Retry != problem.Once {
		t.Errorf("%v, which a derived style answers with %d, is decoded as %v: give problem.Remote the style that Decode was given",
			problem.Conflict, status, decoded.Kind())
	}
}

// sameButTime compares the scalars of two bodies, except those that look like a time.
func sameButTime(a, b []byte) bool {
	x, y := leaves(a), leaves(b)
	for _, m := range []map[string]any{x, y} {
		maps.DeleteFunc(m, func(_ string, v any) bool {
			text, ok := v.(string)
			return ok && len(text) >= len("2006-01-02T15:04:05Z") && text[4] == '-' && text[10] == 'T'
		})
	}
	return maps.Equal(x, y)
}

// samples are bodies of published formats.
var samples = map[string]struct{ contentType, body string }{
	"RFC 9457":   {"application/problem+json", `{"type":"about:blank","title":"Not Found","status":404,"detail":"x","code":"not_found"}`},
	"EntryGuard": {"application/json", `{"timestamp":"2024-01-15T10:30:00Z","status":404,"error":"Not Found","message":"x","path":"/x"}`},
	"Enpass":     {"application/json", `{"error":true,"code":"not_found","description":"x"}`},
	"Enkryptify": {"application/json", `{"message":"x"}`},
	"Authrim":    {"application/json", `{"error":"not_found","error_description":"x"}`},
	"ScaiVault":  {"application/json", `{"error":{"code":"not_found","message":"x"}}`},
}

// othersRefused tries bodies of other formats, and bodies that are not errors.
func othersRefused(t reporter, style problem.Style) {
	if style.Decode == nil {
		return
	}
	own := shape(render(style, problem.NotFound).body)
	for name, s := range samples {
		if maps.Equal(own, shape([]byte(s.body))) {
			continue // it is the style's own format
		}
		if e, err := style.Decode(&style, http.StatusNotFound, http.Header{"Content-Type": {s.contentType}}, []byte(s.body)); err == nil {
			t.Errorf("a body of %s is decoded as %v, want it refused: %s", name, e, s.body)
		}
	}
	for _, body := range []string{"", "null", "true", "[]", "{}", `"x"`, "{", "<html>502 Bad Gateway</html>", "\xff"} {
		if e, err := style.Decode(&style, http.StatusBadGateway, http.Header{"Content-Type": {"text/html"}}, []byte(body)); err == nil {
			t.Errorf("the body %q is decoded as %v, want it refused", body, e)
		}
	}
}

// shape returns the types of the members of an object, by name.
func shape(body []byte) map[string]string {
	var o map[string]any
	if json.Unmarshal(body, &o) != nil {
		return nil
	}
	types := map[string]string{}
	for name, v := range o {
		types[name] = fmt.Sprintf("%T", v)
	}
	return types
}
