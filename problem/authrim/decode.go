package authrim

import (
	"errors"
	"net/http"

	"github.com/backstop-go/backstop/internal/jsonobject"
	"github.com/backstop-go/backstop/problem"
)

var errForeign = errors.New("authrim: not an error body of Authrim")

// decode reads a body back. Its marks are the strings error and
// error_description. In an error of validation, whatever its code, the texts of
// details are sentences of fields.
func decode(s *problem.Style, status int, header http.Header, body []byte) (*problem.Error, error) {
	o := jsonobject.Vendor(body)
	code, hasCode := o.String("error")
	text, hasText := o.String("error_description")
	if !hasCode || !hasText {
		return nil, errForeign
	}
	v := problem.View{Code: code, Message: text}
	v.RetryAfter, _ = o.Int("retry_after")
	kind := problem.Remote(s, status, header, v).Kind()
	details, _ := o.Object("details")
	for _, m := range details {
		text, isText := jsonobject.String(m.Value)
		if !isText || kind != problem.Validation && code != ValidationError.Name {
			v.Details = append(v.Details, problem.Detail(m))
			continue
		}
		path := problem.ParsePath(m.Name, problem.Brackets)
		v.Fields = append(v.Fields, problem.FieldError{Path: path, Message: text})
	}
	return problem.Remote(s, status, header, v), nil
}
