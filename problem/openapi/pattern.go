package openapi

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// pattern is a route in the syntax of a router and in that of OpenAPI.
type pattern struct {
	method   string
	path     string   // as written
	template string   // of OpenAPI, with parameters as {name}
	params   []string // in their order
}

// methods are the methods of a path item, except HEAD, which is answered as GET without
// a body.
var methods = []string{"GET", "PUT", "POST", "DELETE", "OPTIONS", "PATCH", "TRACE"}

func parsePattern(text string) (pattern, error) {
	end := max(strings.IndexAny(text, " \t"), 0)
	p := pattern{method: text[:end], path: strings.TrimLeft(text[end:], " \t")}
	if !slices.Contains(methods, p.method) {
		return p, fmt.Errorf("%q is not one of the methods %s", p.method, strings.Join(methods, ", "))
	}
	if !strings.HasPrefix(p.path, "/") {
		return p, errors.New("the path does not begin with a slash")
	}
	return p, p.translate()
}

// translate reads the path: {id}, {path...} and {$} of net/http, {id:[0-9]+} of
// chi, and :id and *path, in the place of a whole segment, of gin.
func (p *pattern) translate() error {
	var b strings.Builder
	for rest := p.path; rest != ""; {
		at := strings.IndexAny(rest, "{}?#")
		if gin := ginParam(rest); gin >= 0 && (at < 0 || gin < at) {
			at = gin
		}
		if at < 0 {
			b.WriteString(rest)
			break
		}
		b.WriteString(rest[:at])
		name, after, err := cutParam(rest[at:])
		if err != nil {
			return err
		}
		rest = after
		if name == "$" && rest == "" {
			break // {$} excludes longer paths, which OpenAPI always does
		}
		if name == "" || strings.ContainsAny(name, "{}/ $*") {
			return fmt.Errorf("%q is not the name of a parameter", name)
		}
		if slices.Contains(p.params, name) {
			return fmt.Errorf("the parameter %s comes twice in the path", name)
		}
		p.params = append(p.params, name)
		b.WriteString("{" + name + "}")
	}
	p.template = b.String()
	return nil
}

// ginParam returns the index of the first segment that is a parameter of gin, or -1.
func ginParam(path string) int {
	colon, star := strings.Index(path, "/:"), strings.Index(path, "/*")
	switch {
	case colon < 0 && star < 0:
		return -1
	case colon < 0 || star >= 0 && star < colon:
		return star + 1
	}
	return colon + 1
}

// cutParam reads the parameter at the begin of text.
func cutParam(text string) (name, after string, err error) {
	switch text[0] {
	case ':', '*':
		end := strings.IndexByte(text, '/')
		if end < 0 {
			end = len(text)
		}
		return text[1:end], text[end:], nil
	case '{':
		depth := 0
		for i := range len(text) { // a regular expression may contain braces
			switch text[i] {
			case '{':
				depth++
			case '}':
				depth--
			}
			if depth == 0 {
				name, _, _ = strings.Cut(text[1:i], ":")
				return strings.TrimSuffix(name, "..."), text[i+1:], nil
			}
		}
	}
	return "", "", fmt.Errorf("a path must not contain %q", text[:1])
}

// shape returns the template without the names. A document must not have two paths with
// the same shape.
func shape(template string) string {
	var b strings.Builder
	for rest := template; ; {
		before, after, ok := strings.Cut(rest, "{")
		b.WriteString(before)
		if !ok {
			return b.String()
		}
		b.WriteString("{}")
		_, rest, _ = strings.Cut(after, "}")
	}
}
