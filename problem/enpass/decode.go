package enpass

import (
	"errors"
	"net/http"

	"github.com/backstop-go/backstop/internal/jsonobject"
	"github.com/backstop-go/backstop/problem"
)

// decode parses an error body. It refuses a body unless error is true, and code and
// description are strings.
func decode(s *problem.Style, status int, header http.Header, body []byte) (*problem.Error, error) {
	o := jsonobject.Vendor(body)
	code, hasCode := o.String("code")
	text, hasText := o.String("description")
	if string(o.Get("error")) != "true" || !hasCode || !hasText {
		return nil, errors.New("enpass: not an error body of Enpass")
	}
	return problem.Remote(s, status, header, problem.View{Code: code, Message: text}), nil
}
