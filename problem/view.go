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

// View is the part of an error that [Style.Append] may send: everything except the
// cause, with the outcome of the style filled in. It is valid during the call. Its
// slices are shared with the error and must not be changed.
type View struct {
	Kind       Kind
	Status     int    // 400 to 599
	Code       string // of the error, else of the style for Kind
	Message    string // valid UTF-8 and never empty
	Path       string // of the request as it came in, escaped, without query, at most 1 KiB
	RequestID  string // empty if there is none
	Time       time.Time
	RetryAfter int // whole seconds as in the header; 0 means none
	Fields     []FieldError
	Details    []Detail
	Debug      *Debug // nil unless [Config.Debug] allows it

	fieldText func(FieldError) string
	cutPath   bool     // Path was cut; for the log
	cutFields int      // number of fields that were left out; for the log
	dropped   []string // details for which the style has no place; for the log
}

// Detail is a member that a handler has added with [Error.WithDetail].
type Detail struct {
	Name  string
	Value json.RawMessage
}

// Debug is the content of a debug block. See [Config.Debug].
type Debug struct {
	Stack string          // of a recovered panic, else empty
	Body  json.RawMessage // JSON body of the request without secrets, or nil
}

// FieldText returns the sentence of the style for f, cut to 4 KiB.
func (v *View) FieldText(f FieldError) string {
	say := v.fieldText
	if say == nil {
		say = FieldText
	}
	return cutText(say(f), maxText)
}

// FieldMap returns a map from the paths of the fields, in the syntax [Brackets], to
// their sentences. If two fields have the same path, the first counts. The map is nil if
// there are no fields.
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

// AppendFieldMap appends [View.FieldMap] as a JSON object, in the order of the fields.
func (v *View) AppendFieldMap(dst []byte) []byte {
	var buf [maxPath]byte
	names := make([][2]int, 0, 16) // begin and end of each in dst
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

// AppendJSON appends v as encoding/json writes it, but without HTML escaping, and with
// valid UTF-8 even in a [json.RawMessage]. It is for styles that describe their body as
// a struct.
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

// rawText escapes two line ends that JavaScript did not allow in a string. encoding/json
// leaves them in a json.RawMessage.
var rawText = strings.NewReplacer("\u2028", `\u2028`, "\u2029", `\u2029`)
