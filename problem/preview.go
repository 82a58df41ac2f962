package problem

import (
	"net/http"
	"slices"
	"time"

	"github.com/backstop-go/backstop/internal/exchange"
)

// Preview returns what [Responder.Respond] would answer to a request at a time, on a
// new writer. It writes nothing and logs nothing. The status is 0 if there would be no
// answer: err is nil or [http.ErrAbortHandler].
func (p *Responder) Preview(r *http.Request, err error, at time.Time) (status int, header http.Header, body []byte) {
	if isNil(err) || exchange.IsAbort(err) {
		return 0, nil, nil
	}
	f := p.failed(exchange.From(r.Context()), r, err)
	f.view.Time = at.UTC()
	f.encode()
	header = http.Header{}
	f.Describe(header)
	status, body = f.Status(), slices.Clone(f.Body())
	p.recycle(f)
	return status, header, body
}
