package enkryptify

import (
	"slices"
	"strings"

	"github.com/backstop-go/backstop/internal/jsonappend"
	"github.com/backstop-go/backstop/problem"
)

// appendIssues appends all fields as one string: "email: Required, name: Required".
func appendIssues(dst []byte, v *problem.View) []byte {
	dst = append(dst, '"')
	for i, f := range v.Fields {
		text := v.FieldText(f)
		// A derived style may have other words for an unknown member. Then each
		// unknown member is an issue of its own.
		merge := isUnknown(f) && strings.HasPrefix(text, unrecognized)
		if merge && hasSibling(v.Fields[:i], f) {
			continue // the issue of its first sibling names it
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

// appendPath appends the path of f and a colon, or nothing if f is about the whole body.
func appendPath(dst []byte, f problem.FieldError) []byte {
	var buf [256]byte
	if path := f.AppendPath(buf[:0], problem.Dots); len(path) > 0 {
		return append(jsonappend.Text(dst, path), ": "...)
	}
	return dst
}

// appendUnknown appends one issue that names the first of the fields and all others that
// are unknown members of the same object, as Zod does.
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

// equal compares path segments. Segments of other types are never equal, because an
// application may put a value into a path that Go cannot compare.
func equal(a, b any) bool {
	switch a.(type) {
	case int, string, problem.Key:
		return a == b
	}
	return false
}

// appendName appends the name of an unknown member as Zod quotes it.
func appendName(dst []byte, f problem.FieldError) []byte {
	_, name := split(f)
	// AppendPath appends the name of a parameter as it is, except that it cuts a long
	// one.
	last := problem.FieldError{In: problem.InQuery, Path: name}
	return append(last.AppendPath(append(dst, '\''), problem.Brackets), '\'')
}

// split returns the path of the object that f is in, and the last segment of the path.
func split(f problem.FieldError) (parent, name problem.Path) {
	n := max(len(f.Path)-1, 0)
	return f.Path[:n], f.Path[n:]
}
