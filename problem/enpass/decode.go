package enpass

import (
	"errors"
	"net/http"

	"github.com/backstop-go/backstop/internal/jsonobject"
	"github.com/backstop-go/backstop/problem"
)

var errForeign = errors.New("enpass: not an error body of Enpass")

// decode reads a body back. Its marks are an error that is true, a code and a
// description. A problem detail of RFC 9457 may have them too, as extensions,
// but it has a title.
func decode(status int, header http.Header, body []byte) (*problem.Error, error) {
	o, _ := jsonobject.Parse(body)
	code, hasCode := o.String("code")
	text, hasText := o.String("description")
	if string(o.Get("error")) != "true" || !hasCode || !hasText || o.Get("title") != nil {
		return nil, errForeign
	}
	s := style()
	return problem.Remote(&s, status, header, problem.View{Code: code, Message: text}), nil
}
