package authrim

import (
	"errors"
	"net/http"

	"github.com/backstop-go/backstop/internal/jsonobject"
	"github.com/backstop-go/backstop/problem"
)

// decode parses an error body. It refuses a body unless error and error_description
// are strings. If the kind is [problem.Validation] or the code is validation_error,
// the strings in details are the sentences of fields.
func decode(s *problem.Style, status int, header http.Header, body []byte) (*problem.Error, error) {
	o := jsonobject.Vendor(body)
	code, hasCode := o.String("error")
	text, hasText := o.String("error_description")
	if !hasCode || !hasText {
		return nil, errors.New("authrim: not an error body of Authrim")
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
