package demo

import (
	"net/http"
	"strings"

	"github.com/backstop-go/backstop/internal/styles"
)

// withStyles serves the program's own service and, below /styles/{name}/, one more for each
// style. Each service has its own responder and its own limits.
func withStyles(cfg Config, app func(Config) (http.Handler, error)) (http.Handler, error) {
	cfg.Name = "api"
	service, err := app(cfg)
	if err != nil {
		return nil, err
	}
	mounted := map[string]http.Handler{}
	for _, style := range styles.All {
		cfg.Style, cfg.Name = style, "api-"+style.Name
		styled, err := app(cfg)
		if err != nil {
			return nil, err
		}
		mount := "/styles/" + style.Name
		mounted[mount] = http.StripPrefix(mount, styled)
	}
	// A ServeMux would redirect a path that is not clean, such as "//x". The services
	// answer such a path themselves.
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for mount, styled := range mounted {
			if strings.HasPrefix(r.URL.EscapedPath(), mount+"/") {
				styled.ServeHTTP(w, r)
				return
			}
		}
		service.ServeHTTP(w, r)
	}), nil
}
