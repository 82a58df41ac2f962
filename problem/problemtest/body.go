package problemtest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/backstop-go/backstop/problem"
)

// check returns what a client's parser would not like about a body. Of a style
// that is not JSON it knows only that a text is UTF-8.
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
	dec := json.NewDecoder(bytes.NewReader(a.body))
	if err := walk(dec); err != nil {
		return err
	}
	if _, err := dec.Token(); err != io.EOF { // More takes a "}" for an end
		return errors.New("has something after its end")
	}
	return nil
}

func isJSON(style problem.Style) bool {
	media, _, _ := strings.Cut(style.ContentType, ";")
	return strings.HasSuffix(strings.TrimSpace(media), "json")
}

// walk reads a JSON value and finds names that stand twice in an object.
func walk(dec *json.Decoder) error {
	token, err := dec.Token()
	if err != nil {
		return fmt.Errorf("is no JSON: %w", err)
	}
	start, ok := token.(json.Delim)
	if !ok {
		return nil
	}
	seen := map[string]bool{}
	for dec.More() {
		if start == '{' {
			name, err := dec.Token()
			if err != nil {
				return fmt.Errorf("is no JSON: %w", err)
			}
			if key, _ := name.(string); seen[key] {
				return fmt.Errorf("has the member %q twice", key)
			}
			seen[name.(string)] = true
		}
		if err := walk(dec); err != nil {
			return err
		}
	}
	_, err = dec.Token()
	if err != nil {
		return fmt.Errorf("is no JSON: %w", err)
	}
	return nil
}

// leaves returns the scalars of a JSON text by where they stand.
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
