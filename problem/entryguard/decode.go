package entryguard

import (
	"errors"
	"net/http"

	"github.com/backstop-go/backstop/internal/jsonobject"
	"github.com/backstop-go/backstop/problem"
)

var errForeign = errors.New("entryguard: not an error body of EntryGuard")

// decode reads a body back. Its marks are a timestamp, a status and a path.
func decode(s *problem.Style, status int, header http.Header, body []byte) (*problem.Error, error) {
	o := jsonobject.Vendor(body)
	_, hasTime := o.String("timestamp")
	_, hasStatus := o.Int("status")
	_, hasPath := o.String("path")
	if !hasTime || !hasStatus || !hasPath {
		return nil, errForeign
	}
	var v problem.View
	v.Message, _ = o.String("message")
	fields, _ := o.Object("validationErrors")
	for path, text := range fields.Strings() {
		v.Fields = append(v.Fields, problem.FieldError{Path: problem.ParsePath(path, problem.Brackets), Message: text})
	}
	return problem.Remote(s, status, header, v), nil
}
