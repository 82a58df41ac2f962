package exchange

import "net/http"

// Example returns a copy of r as part of an exchange that never takes place: with
// this path, literally, and this ID. A document shows what it would come to.
func Example(r *http.Request, path, id string) *http.Request {
	x := &Exchange{Context: r.Context(), path: path, id: [1]string{id}}
	x.rec.rawPath = true
	return r.WithContext(x)
}
