package problem

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/backstop-go/backstop/internal/jsonappend"
)

// View is what a style may see of an error: resolved, safe to send, and without
// its cause. It lives as long as the call of Append, and its slices are shared
// with the error: they are to be read only.
type View struct {
	Kind       Kind
	Status     int    // 400 to 599
	Code       string // the error's code, else the style's for Kind
	Message    string // valid UTF-8 and never empty
	Path       string // as the request came in, escaped, without query, at most 1 KiB
	RequestID  string // empty if there is none
	Time       time.Time
	RetryAfter int // whole seconds as in the header; 0 means none
	Fields     []FieldError
	Details    []Detail
	Debug      *Debug // nil unless both locks are open

	fieldText func(FieldError) string
	cutPath   bool     // for the log
	cutFields int      // likewise
	dropped   []string // details without a place in the style, for the log
}

// Detail is a member that a handler has added with [Error.WithDetail].
type Detail struct {
	Name  string
	Value json.RawMessage
}

// Debug is what a debug block may show. See [Config].
type Debug struct {
	Stack string          // of a recovered panic, else empty
	Body  json.RawMessage // the body received, redacted; nil if there is none to show
}

// FieldText returns the style's sentence for f, at most 4 KiB of it.
func (v *View) FieldText(f FieldError) string {
	say := v.fieldText
	if say == nil {
		say = FieldText
	}
	return cutText(say(f), maxText)
}

// FieldMap returns the sentences by path, in the syntax [Brackets]. Of two
// sentences for one path the first stays. It is nil if there are no fields.
func (v *View) FieldMap() map[string]string {
	if len(v.Fields) == 0 {
		return nil
	}
	m := make(map[string]string, len(v.Fields))
	for _, f := range v.Fields {
		path := string(f.AppendPath(nil, Brackets))
		if _, ok := m[path]; !ok {
			m[path] = v.FieldText(f)
		}
	}
	return m
}

// AppendFieldMap appends the sentences as a JSON object from path to sentence,
// in the order of the fields; otherwise it is [View.FieldMap].
func (v *View) AppendFieldMap(dst []byte) []byte {
	var buf [maxPath]byte
	names := make([][2]int, 0, 16) // where each stands in dst
	dst = append(dst, '{')
	for _, f := range v.Fields {
		end := len(dst)
		if len(names) > 0 {
			dst = append(dst, ',')
		}
		start := len(dst)
		dst = jsonappend.String(dst, f.AppendPath(buf[:0], Brackets))
		name := dst[start:]
		if slices.ContainsFunc(names, func(at [2]int) bool { return bytes.Equal(dst[at[0]:at[1]], name) }) {
			dst = dst[:end]
			continue
		}
		names = append(names, [2]int{start, len(dst)})
		dst = jsonappend.String(append(dst, ':'), v.FieldText(f))
	}
	return append(dst, '}')
}

// AppendJSON appends v as encoding/json has it, but without HTML escaping, and
// raw parts of v are made valid UTF-8 too. It serves styles that describe their
// body as a struct.
func AppendJSON(dst []byte, v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return dst, err
	}
	text := bytes.TrimSuffix(b.Bytes(), []byte("\n"))
	if !utf8.Valid(text) || bytes.Contains(text, []byte("\xe2\x80")) {
		return append(dst, rawText.Replace(strings.ToValidUTF8(string(text), "\ufffd"))...), nil
	}
	return append(dst, text...), nil
}

// rawText escapes what encoding/json leaves as it is within a json.RawMessage:
// two line ends that JavaScript did not allow in a string.
var rawText = strings.NewReplacer("\u2028", `\u2028`, "\u2029", `\u2029`)
