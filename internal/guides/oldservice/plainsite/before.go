package plainsite

import "net/http"

// Before is the service as it was.
func Before() (http.Handler, error) {
	mux := http.NewServeMux()
	routes(mux)
	return mux, nil
}
