// Package demo is an imaginary credential vault. The programs beside it serve the
// vault on four routers:
//
//	func main() { demo.Main(app) }
//
//	func app(cfg demo.Config) (http.Handler, error)
//
// The routes are a list of plain handlers that read path values with r.PathValue,
// so each program mounts them in a loop of three lines. Each program itself puts
// the middlewares around the router (IDs, envelope, deadline, limits), because that is
// what the examples show.
//
// [Main] serves the handler that app makes. It also serves one such handler for each
// style, below /styles/, for the page at "/".
//
// The vault keeps nothing: what a request creates is gone afterwards, and what it
// deletes is still there. So the same request always has the same answer.
package demo

import (
	"net/http"

	"github.com/backstop-go/backstop/problem"
	"github.com/backstop-go/backstop/validate"
)

// Route is an endpoint of the demo.
type Route struct {
	Method  string
	Pattern string // in the syntax of http.ServeMux: /resources/{id}, and /{$} for "/" alone
	Handler http.Handler
	Errors  []error // that the handler may return, for the document of the API
}

// Routes returns the routes of the API, and four others: a health check, the OpenAPI
// document, a page that shows errors in all styles, and the log for that page. As in
// [http.ServeMux], a route for GET is also one for HEAD. For other routers use [WithHead].
func Routes(cfg Config, errs *problem.Responder, v *validate.Validator) []Route {
	api := append(apiRoutes(cfg, v), faultRoutes(cfg)...)
	return append(
		api,
		Route{"GET", "/healthz", problem.HandlerFunc(health), nil},
		Route{"GET", "/openapi.json", document(errs, api), nil},
		Route{"GET", "/{$}", page(), nil},
		Route{"GET", "/log/{id}", problem.HandlerFunc(cfg.log.show), nil},
	)
}

func apiRoutes(cfg Config, v *validate.Validator) []Route {
	a := accounts{cfg.Style}
	return []Route{
		{"POST", "/api/v1/auth/register", validate.HandlerFunc(v, a.register), ofBody(a.taken())},
		{"POST", "/api/v1/auth/refresh", validate.HandlerFunc(v, refresh), ofBody(problem.TokenInvalid)},
		{"POST", "/api/v1/legacy/register", validate.Handler[Registration](v)(http.HandlerFunc(a.legacyRegister)), ofBody(a.taken())},

		{"GET", "/api/v1/sessions", allow(anyone, problem.HandlerFunc(listSessions)), ofToken()},
		{"POST", "/api/v1/sessions", allow(anyone, validate.HandlerFunc(v, createSession)), ofToken(ofBody()...)},
		{"GET", "/api/v1/users", allow(admins, problem.HandlerFunc(listUsers)), ofToken(errNoAdmin)},
		{"GET", "/api/v1/credentials", allow(fullScope, problem.HandlerFunc(listCredentials)), ofToken(problem.InsufficientScope)},

		{"GET", "/api/v1/resources/{id}", allow(anyone, validate.HandlerFunc(v, getResource)), ofToken(badID, problem.NotFound)},
		{"POST", "/api/v1/resources", allow(anyone, validate.HandlerFunc(v, createResource)), ofToken(ofBody()...)},
		{"DELETE", "/api/v1/resources/{id}", allow(anyone, validate.HandlerFunc(v, deleteResource)), ofToken(badID, problem.NotFound)},
		{"GET", "/api/v1/search", validate.HandlerFunc(v, search), []error{problem.InvalidRequest, badQuery}},

		{"GET", eventsPath, allow(anyone, problem.HandlerFunc(events)), ofToken()},
	}
}

// WithHead adds a route for HEAD after each route for GET.
func WithHead(routes []Route) []Route {
	all := make([]Route, 0, 2*len(routes))
	for _, route := range routes {
		all = append(all, route)
		if route.Method == http.MethodGet {
			route.Method = http.MethodHead
			all = append(all, route)
		}
	}
	return all
}

func health(w http.ResponseWriter, _ *http.Request) error {
	return reply(w, http.StatusOK, map[string]string{"status": "ok"})
}

// reply writes a success. It encodes the body first, so that an error of the encoder is
// answered with 500.
func reply(w http.ResponseWriter, status int, v any) error {
	body, err := problem.AppendJSON(nil, v)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, err = w.Write(body)
	return err
}
