package problemtest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/backstop-go/backstop/internal/strictjson"
	"github.com/backstop-go/backstop/problem"
)

// check returns why the parser of a client would refuse a body. If the style is not
// JSON, it checks only that the body is UTF-8.
func (a answer) check(style problem.Style) error {
	if !utf8.Valid(a.body) {
		return errors.New("is not valid UTF-8")
	}
	if !isJSON(style) {
		return nil
	}
	if strings.ContainsAny(string(a.body), "\u2028\u2029") {
		return errors.New("has U+2028 or U+2029, which ends a line in older JavaScript")
	}
	all := len(a.body) // bounds for other documents than this
	scanner := strictjson.NewScanner(strictjson.Limits{Depth: all, Elements: all, Tokens: all})
	defer scanner.Release()
	if err := scanner.Scan(a.body, true); err != nil {
		return fmt.Errorf("is no JSON that all clients read alike: %w", err)
	}
	return nil
}

func isJSON(style problem.Style) bool {
	media, _, _ := strings.Cut(style.ContentType, ";")
	return strings.HasSuffix(strings.TrimSpace(media), "json")
}

// leaves returns the scalars of a JSON text by their paths.
func leaves(body []byte) map[string]any {
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.UseNumber()
	var root any
	found := map[string]any{}
	if dec.Decode(&root) != nil {
		return found
	}
	var visit func(where string, v any)
	visit = func(where string, v any) {
		switch v := v.(type) {
		case map[string]any:
			for name, member := range v {
				visit(where+"/"+name, member)
			}
		case []any:
			for i, element := range v {
				visit(fmt.Sprint(where, "/", i), element)
			}
		default:
			found[where] = v
		}
	}
	visit("", root)
	return found
}
