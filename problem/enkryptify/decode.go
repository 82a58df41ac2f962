package enkryptify

import (
	"errors"
	"net/http"

	"github.com/backstop-go/backstop/internal/jsonobject"
	"github.com/backstop-go/backstop/problem"
)

var errForeign = errors.New("enkryptify: not an error body of Enkryptify")

// decode reads a body back. Its mark is that it has a message and nothing else.
func decode(s *problem.Style, status int, header http.Header, body []byte) (*problem.Error, error) {
	o := jsonobject.Vendor(body)
	text, ok := o.String("message")
	if !ok || len(o) != 1 {
		return nil, errForeign
	}
	return problem.Remote(s, status, header, problem.View{Message: text}), nil
}
