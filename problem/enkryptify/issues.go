package enkryptify

import (
	"slices"
	"strings"

	"github.com/backstop-go/backstop/internal/jsonappend"
	"github.com/backstop-go/backstop/problem"
)

// appendIssues appends one string: "email: Required, name: Required".
func appendIssues(dst []byte, v *problem.View) []byte {
	dst = append(dst, '"')
	for i, f := range v.Fields {
		text := v.FieldText(f)
		// A dialect with other words for unknown members names each by itself.
		merge := isUnknown(f) && strings.HasPrefix(text, unrecognized)
		if merge && hasSibling(v.Fields[:i], f) {
			continue // named with the first of them
		}
		if i > 0 {
			dst = append(dst, ", "...)
		}
		if merge {
			dst = appendUnknown(dst, v.Fields[i:])
			continue
		}
		dst = appendPath(dst, f)
		dst = jsonappend.Text(dst, text)
	}
	return append(dst, '"')
}

// appendPath appends the path of f and a colon; nothing if f is the whole body.
func appendPath(dst []byte, f problem.FieldError) []byte {
	var buf [256]byte
	if path := f.AppendPath(buf[:0], problem.Dots); len(path) > 0 {
		return append(jsonappend.Text(dst, path), ": "...)
	}
	return dst
}

// appendUnknown appends, as one issue of their object, the first of the fields
// and all others that are unknown members of the same one. So Zod has it.
func appendUnknown(dst []byte, fields []problem.FieldError) []byte {
	parent, _ := split(fields[0])
	dst = appendPath(dst, problem.FieldError{In: fields[0].In, Path: parent})
	dst = append(dst, unrecognized...)
	var buf [256]byte
	for i, f := range fields {
		if i > 0 && !hasSibling(fields[:1], f) {
			continue
		}
		if i > 0 {
			dst = append(dst, ", "...)
		}
		dst = jsonappend.Text(dst, appendName(buf[:0], f))
	}
	return dst
}

func isUnknown(f problem.FieldError) bool {
	return f.Rule == "unknown" && f.Message == "" && len(f.Path) > 0
}

// hasSibling reports whether f and one of the fields are unknown members of the
// same object.
func hasSibling(fields []problem.FieldError, f problem.FieldError) bool {
	if !isUnknown(f) {
		return false
	}
	parent, _ := split(f)
	return slices.ContainsFunc(fields, func(other problem.FieldError) bool {
		object, _ := split(other)
		return isUnknown(other) && other.In == f.In && slices.EqualFunc(object, parent, equal)
	})
}

// equal compares path segments. The types are looked at first, because what an
// application puts into a path may not be comparable.
func equal(a, b any) bool {
	switch a := a.(type) {
	case int:
		b, ok := b.(int)
		return ok && a == b
	case string:
		b, ok := b.(string)
		return ok && a == b
	case problem.Key:
		b, ok := b.(problem.Key)
		return ok && a == b
	}
	return false
}

// appendName appends the name of an unknown member as Zod quotes it.
func appendName(dst []byte, f problem.FieldError) []byte {
	_, name := split(f)
	// As the name of a parameter it prints bare, and cut as in a path.
	last := problem.FieldError{In: problem.InQuery, Path: name}
	return append(last.AppendPath(append(dst, '\''), problem.Brackets), '\'')
}

// split parts the path of f into that of the object and the last segment.
func split(f problem.FieldError) (parent, name problem.Path) {
	n := max(len(f.Path)-1, 0)
	return f.Path[:n], f.Path[n:]
}
