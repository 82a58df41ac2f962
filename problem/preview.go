package problem

import (
	"net/http"
	"slices"
	"time"

	"github.com/backstop-go/backstop/internal/exchange"
)

// Preview returns what [Responder.Respond] would answer to a request at some
// time, on a writer that nobody has touched. It writes nothing and logs nothing.
// A nil error has no answer, and neither has one that is [http.ErrAbortHandler]:
// the status is 0 then.
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
