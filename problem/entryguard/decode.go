package entryguard

import (
	"errors"
	"net/http"

	"github.com/backstop-go/backstop/internal/jsonobject"
	"github.com/backstop-go/backstop/problem"
)

var errForeign = errors.New("entryguard: not an error body of EntryGuard")

// decode reads a body back. Its marks are a timestamp, a status and a path. A
// problem detail of RFC 9457 may have them too, as extensions, but it has a
// title.
func decode(status int, header http.Header, body []byte) (*problem.Error, error) {
	o, _ := jsonobject.Parse(body)
	_, hasTime := o.String("timestamp")
	_, hasStatus := o.Int("status")
	_, hasPath := o.String("path")
	if !hasTime || !hasStatus || !hasPath || o.Get("title") != nil {
		return nil, errForeign
	}
	var v problem.View
	v.Message, _ = o.String("message")
	fields, _ := o.Object("validationErrors")
	for _, m := range fields {
		if text, ok := jsonobject.String(m.Value); ok {
			path := problem.ParsePath(m.Name, problem.Brackets)
			v.Fields = append(v.Fields, problem.FieldError{Path: path, Message: text})
		}
	}
	s := style()
	return problem.Remote(&s, status, header, v), nil
}
