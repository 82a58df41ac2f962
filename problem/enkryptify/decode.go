package enkryptify

import (
	"errors"
	"net/http"

	"github.com/backstop-go/backstop/internal/jsonobject"
	"github.com/backstop-go/backstop/problem"
)

// decode parses an error body. It refuses a body unless message is a string and there is
// no other member.
func decode(s *problem.Style, status int, header http.Header, body []byte) (*problem.Error, error) {
	o := jsonobject.Vendor(body)
	text, ok := o.String("message")
	if !ok || len(o) != 1 {
		return nil, errors.New("enkryptify: not an error body of Enkryptify")
	}
	return problem.Remote(s, status, header, problem.View{Message: text}), nil
}
