package plainsite

import "net/http"

// Before returns the service without changes.
func Before() (http.Handler, error) {
	mux := http.NewServeMux()
	routes(mux)
	return mux, nil
}
