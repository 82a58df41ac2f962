package enpass

import (
	"errors"
	"net/http"

	"github.com/backstop-go/backstop/internal/jsonobject"
	"github.com/backstop-go/backstop/problem"
)

var errForeign = errors.New("enpass: not an error body of Enpass")

// decode reads a body back. Its marks are an error that is true, a code and a
// description.
func decode(s *problem.Style, status int, header http.Header, body []byte) (*problem.Error, error) {
	o := jsonobject.Vendor(body)
	code, hasCode := o.String("code")
	text, hasText := o.String("description")
	if string(o.Get("error")) != "true" || !hasCode || !hasText {
		return nil, errForeign
	}
	return problem.Remote(s, status, header, problem.View{Code: code, Message: text}), nil
}
