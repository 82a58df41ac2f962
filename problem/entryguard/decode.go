package entryguard

import (
	"errors"
	"net/http"

	"github.com/backstop-go/backstop/internal/jsonobject"
	"github.com/backstop-go/backstop/problem"
)

// decode parses an error body. It refuses a body unless timestamp and path are strings
// and status is an integer.
func decode(s *problem.Style, status int, header http.Header, body []byte) (*problem.Error, error) {
	o := jsonobject.Vendor(body)
	_, hasTime := o.String("timestamp")
	_, hasStatus := o.Int("status")
	_, hasPath := o.String("path")
	if !hasTime || !hasStatus || !hasPath {
		return nil, errors.New("entryguard: not an error body of EntryGuard")
	}
	var v problem.View
	v.Message, _ = o.String("message")
	fields, _ := o.Object("validationErrors")
	for path, text := range fields.Strings() {
		v.Fields = append(v.Fields, problem.FieldError{Path: problem.ParsePath(path, problem.Brackets), Message: text})
	}
	return problem.Remote(s, status, header, v), nil
}
