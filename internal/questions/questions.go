// Package questions has the requests that all demo programs are sent, and a client
// that sends them byte by byte. Several modules compare the answers with different
// promises.
package questions

import (
	"fmt"
	"slices"
	"strings"

	"github.com/backstop-go/backstop/problem"
)

// Question is a call and what should come of it.
type Question struct {
	Name string
	Call
	Want    Want
	Outside bool // answered by net/http itself, before any middleware
}

// All returns every question, in the words of a style.
func All(style problem.Style) []Question {
	return slices.Concat(plain, bodies, parameters, faults(style), wire)
}

// Get is [Ask] with GET.
func Get(target string, w Want, header ...string) Question {
	return Ask("GET", target, w, header...)
}

// Ask makes a question without a body.
func Ask(method, target string, w Want, header ...string) Question {
	return Question{method + " " + target + " " + strings.Join(header, " "), Call{Method: method, Target: target, Header: header}, w, false}
}

// Post makes a question with a body of JSON.
func Post(target, body string, w Want, header ...string) Question {
	q := Ask("POST", target, w, append([]string{JSONType}, header...)...)
	q.Body = body
	q.Name += " " + body[:min(len(body), 60)]
	return q
}

// Send is a POST to /auth/register, where everything about bodies is tried.
func Send(body string, w Want) Question { return Post("/api/v1/auth/register", body, w) }

// What the demo knows, and what it does not.
const (
	Known    = "/api/v1/resources/550e8400-e29b-41d4-a716-446655440000"
	Unknown  = "/api/v1/resources/99999999-9999-9999-9999-999999999999"
	User     = "Authorization: Bearer user-token"
	Admin    = "Authorization: Bearer admin-token"
	Readonly = "Authorization: Bearer readonly-token"
	good     = `{"organizationName":"Acme","email":"ann@example.com","password":"long enough"}`
	Resource = `{"name":"Production Database","provider":"AWS","credentialId":"550e8400-e29b-41d4-a716-446655440000",` +
		`"config":{"securityGroupId":"sg-0123456789abcdef0","region":"us-east-1"}}`
)

// plain asks for routes, rights and paths.
var plain = []Question{
	Get("/healthz", Is(200)),
	Ask("HEAD", "/healthz", Is(200)),
	Ask("POST", "/healthz", Fails(problem.MethodNotAllowed)),
	Get("/openapi.json", Is(200)),
	Ask("HEAD", "/openapi.json", Is(200)),
	Ask("POST", "/openapi.json", Fails(problem.MethodNotAllowed)),
	Get("/", Is(200)),
	Ask("HEAD", "/", Is(200)),
	Ask("POST", "/", Fails(problem.MethodNotAllowed)),
	Ask("DELETE", "/nope", Fails(problem.NotFound)), // the page is at "/" alone
	Get("/log/req_nothing", Is(200)),
	Get("/log/req_nothing", Fails(problem.NotFound), "X-Forwarded-For: 192.0.2.1"),
	Ask("DELETE", "/log/req_nothing", Fails(problem.MethodNotAllowed)),
	Get("/log", Fails(problem.NotFound)),
	Get("/log/", Fails(problem.NotFound)),
	Get("/log/a/b", Fails(problem.NotFound)),
	Ask("PUT", "/log/a/b", Fails(problem.NotFound)),
	Ask("OPTIONS", "/api/v1/faults/code/a/b", Fails(problem.NotFound)),
	Ask("POST", "/api/v1%2Fsearch?q=ab", Fails(problem.NotFound)),
	Ask("POST", "/api/v1/resources/..", Fails(problem.NotFound)),
	Get("/styles", Fails(problem.NotFound)),
	Get("/styles/", Fails(problem.NotFound)),
	Get("/styles/enpass", Fails(problem.NotFound)),
	Get("/styles/nope/api/v1/sessions", Fails(problem.NotFound), User),
	Get("/styles/%65npass/api/v1/sessions", Fails(problem.NotFound), User),
	Get("//styles/enpass/api/v1/sessions", Fails(problem.NotFound), User),
	Get("/api/v1/styles/enpass/api/v1/sessions", Fails(problem.NotFound), User),
	Get("/nope", Fails(problem.NotFound)),
	Get("/api/v1", Fails(problem.NotFound)),
	Get("/api/v1/", Fails(problem.NotFound)),
	Get("/api/v1/nope", Fails(problem.NotFound)),
	Ask("HEAD", "/api/v1/nope", Fails(problem.NotFound)),
	Ask("POST", "/api/v1/nope", Fails(problem.NotFound)),

	Get("/api/v1/sessions", Is(200), User),
	Get("/api/v1/sessions?x=%zz", Is(200), User),
	Ask("HEAD", "/api/v1/sessions", Is(200), User),
	Get("/api/v1/sessions", Fails(problem.Unauthenticated)),
	Ask("HEAD", "/api/v1/sessions", Fails(problem.Unauthenticated)),
	Get("/api/v1/sessions", Fails(problem.Unauthenticated), "Authorization: Basic YTpi"),
	Get("/api/v1/sessions", Fails(problem.Unauthenticated), "Authorization: Bearer"),
	Get("/api/v1/sessions", Is(200), "authorization: bEARER user-token"),
	Get("/api/v1/sessions", Fails(problem.TokenInvalid), "Authorization: Bearer nope"),
	Get("/api/v1/sessions", Fails(problem.TokenInvalid), User, User),
	Get("/api/v1/sessions", Fails(problem.TokenExpired), "Authorization: Bearer expired-token"),
	Get("/api/v1/sessions", Fails(problem.TokenRevoked), "Authorization: Bearer revoked-token"),
	Get("/api/v1/sessions", Fails(problem.TokenInvalid), "Authorization: Bearer \tuser-token"), // the limiter would take it for another client
	Get("/api/v1/users", Is(200), Admin),
	Get("/api/v1/users", Fails(problem.Forbidden), User),
	Get("/api/v1/users", Fails(problem.Forbidden), Readonly),
	Get("/api/v1/users", Fails(problem.Unauthenticated)),
	Get("/api/v1/credentials", Is(200), User),
	Get("/api/v1/credentials", Fails(problem.InsufficientScope), Readonly),

	Get(Known, Is(200), User),
	Get("/api/v1/resources/550E8400-E29B-41D4-A716-446655440000", Is(200), User),
	Get(Unknown, Fails(problem.NotFound), User),
	Get(Unknown, Fails(problem.Unauthenticated)),
	Get("/api/v1/resources/7", Fails(problem.Validation), User),
	Get("/api/v1/resources/a%20b", Fails(problem.Validation), User),
	Get("/api/v1/resources/%00", Malformed(problem.Validation), User),
	Get("/api/v1/resources/%FF", Malformed(problem.Validation), User),
	Get("/api/v1/resources/<script>alert(1)</script>", Fails(problem.NotFound), User),
	Get("/api/v1/resources/"+strings.Repeat("a", 4096), Fails(problem.Validation), User),
	Ask("DELETE", Known, Is(204), User),
	Ask("DELETE", Unknown, Fails(problem.NotFound), User),
	Ask("DELETE", "/api/v1/resources/7", Fails(problem.Validation), User),
	Get("/api/v1/events", Is(200), User),
	Get("/api/v1/events", Fails(problem.Unauthenticated)),

	// Methods. Only what the router knows of a path can stand in Allow.
	Ask("PUT", "/api/v1/users", Fails(problem.MethodNotAllowed)),
	Ask("PATCH", Known, Fails(problem.MethodNotAllowed), User),
	Ask("DELETE", "/api/v1/sessions", Fails(problem.MethodNotAllowed)),
	Ask("OPTIONS", "/api/v1/sessions", Fails(problem.MethodNotAllowed)),
	Ask("TRACE", "/api/v1/sessions", Fails(problem.MethodNotAllowed)),
	Ask("BREW", "/api/v1/sessions", Fails(problem.MethodNotAllowed)),
	Ask("get", "/api/v1/sessions", Fails(problem.MethodNotAllowed)),
	Ask("BREW", "/api/v1/nope", Fails(problem.NotFound)),
	Ask("HEAD", "/api/v1/auth/register", Fails(problem.MethodNotAllowed)),
	Get("/api/v1/auth/register", Fails(problem.MethodNotAllowed)),

	// Paths about which routers disagree.
	Get("//x", Fails(problem.NotFound)),
	Get("//api/v1/sessions", Fails(problem.NotFound), User),
	Get("/api//v1/sessions", Fails(problem.NotFound), User),
	Get("/api/v1/sessions/", Fails(problem.NotFound), User),
	Get("/api/v1/./sessions", Fails(problem.NotFound), User),
	Get("/api/v1/x/../sessions", Fails(problem.NotFound), User),
	Get("/%61pi/v1/sessions", Is(200), User),
	Get("/api/v1/resources/a%2Fb", Fails(problem.NotFound), User),
	Get("/api/v1/faults/code", Fails(problem.NotFound)),
	Get("/api/v1/resources", Fails(problem.MethodNotAllowed), User),
	Get("/api/v1/resources/", Fails(problem.NotFound), User),
	Get("/api/v1/resources/:id", Fails(problem.Validation), User),
	Get("/api/v1/resources/*", Fails(problem.Validation), User),
	Get("/api/v1/resources/{id}", Fails(problem.Validation), User),
	Get("/api/v1/resources/%27%20OR%201%3D1", Fails(problem.Validation), User),
	Get("/api/v1/resources/%2e%2e", Fails(problem.NotFound), User),
	Get("/api/v1/resources/a%2fb", Fails(problem.NotFound), User),
	Get("/api/v1/resources/%25", Fails(problem.Validation), User),
	Get("/api/v1/resources/%252F", Fails(problem.Validation), User),
	Get("/api/v1/resources/\xff", Malformed(problem.Validation), User),
	Get(Known+"/", Fails(problem.NotFound), User),
	Get(Known+"/x", Fails(problem.NotFound), User),
	Get(Known+";v=1", Fails(problem.Validation), User),
	Get(Known+"?", Is(200), User),
	Get("/api/v1/faults/code/a/b", Fails(problem.NotFound)),
	Get("/api/v1/faults/"+strings.Repeat("%20", 8000), Fails(problem.NotFound)),
	Get("/API/V1/SESSIONS", Fails(problem.NotFound), User),
}

// bodies sends what people send, and what nobody should.
var bodies = []Question{
	Send(good, Is(201)),
	Send(good+"\r\n", Is(201)),
	Send(`{"organizationName":"","email":"invalid-email","password":"short"}`, Fails(problem.Validation)),
	Send(`{}`, Fails(problem.Validation)),
	Send(strings.Replace(good, "ann@", "taken@", 1), Fails(problem.Conflict)),
	Send(strings.Replace(good, "long enough", strings.Repeat("p", 129), 1), Fails(problem.Validation)),
	Send(strings.Replace(good, `"Acme"`, `7`, 1), Malformed(problem.Validation)),
	Send(strings.Replace(good, `"Acme"`, `null`, 1), Fails(problem.Validation)),
	Send(strings.Replace(good, "email", "EMAIL", 1), Malformed(problem.Validation)),
	Send(strings.Replace(good, "{", `{"extra":{"a":[1]},`, 1), Is(201)),
	Send(strings.Replace(good, "Acme", "<b>&\u2028\\ud83d\\ude00", 1), Is(201)),
	Send("", Fails(problem.InvalidRequest)),
	Send("  \n", Fails(problem.InvalidRequest)),
	Send("{", Fails(problem.InvalidRequest)),
	Send(`{"email":}`, Fails(problem.InvalidRequest)),
	Send("null", Fails(problem.InvalidRequest)),
	Send("[]", Fails(problem.InvalidRequest)),
	Send(`"s3cr3t"`, Fails(problem.InvalidRequest)),
	Send(good+good, Fails(problem.InvalidRequest)),
	Send(good+"x", Fails(problem.InvalidRequest)),
	Send("\xef\xbb\xbf"+good, Fails(problem.InvalidRequest)),
	Send(strings.Replace(good, "Acme", "\xff", 1), Fails(problem.InvalidRequest)),
	Send(strings.Replace(good, "Acme", `\ud800`, 1), Fails(problem.InvalidRequest)),
	Send(strings.Replace(good, "{", `{"email":"ann@example.com",`, 1), Fails(problem.InvalidRequest)),
	Send(strings.Replace(good, "{", `{"em\u0061il":"ann@example.com",`, 1), Fails(problem.InvalidRequest)),
	Send(strings.Replace(good, "{", `{"x":`+strings.Repeat("[", 100_000), 1), Fails(problem.InvalidRequest)),
	Send(strings.Replace(good, "{", `{"x":[`+strings.Repeat("{},", 200_000)+`{}],`, 1), Fails(problem.InvalidRequest)),
	Send(strings.Replace(good, "Acme", strings.Repeat("a", 1<<20), 1), Fails(problem.PayloadTooLarge)),
	Ask("POST", "/api/v1/auth/register", Fails(problem.PayloadTooLarge), JSONType, "Content-Length: 1099511627776"),
	Ask("POST", "/api/v1/auth/register", Fails(problem.PayloadTooLarge), JSONType, "Content-Length: 1099511627776", "Expect: 100-continue"),
	{"chunked above the limit", Call{
		Method: "POST", Target: "/api/v1/auth/register", Header: []string{JSONType, "Transfer-Encoding: chunked"},
		Body: fmt.Sprintf("200000\r\n%s\r\n0\r\n\r\n", strings.Repeat(" ", 0x200000)),
	}, Fails(problem.PayloadTooLarge), false},
	{"a chunk that is none", Call{
		Method: "POST", Target: "/api/v1/auth/register", Header: []string{JSONType, "Transfer-Encoding: chunked"},
		Body: "zz\r\n{}\r\n0\r\n\r\n",
	}, Fails(problem.InvalidRequest), false},
	{"a body that never comes", Call{
		Method: "POST", Target: "/api/v1/auth/register", Header: []string{JSONType, "Content-Length: 10"}, Body: "{",
	}, Fails(problem.RequestTimeout), false},
	{"no Content-Type", Call{Method: "POST", Target: "/api/v1/auth/register", Body: good}, Fails(problem.UnsupportedMediaType), false},
	typed("text/plain", Fails(problem.UnsupportedMediaType)),
	typed("application/x-www-form-urlencoded", Fails(problem.UnsupportedMediaType)),
	typed("application/json; charset=iso-8859-1", Fails(problem.UnsupportedMediaType)),
	typed("Application/JSON; charset=UTF-8", Is(201)),
	Post("/api/v1/auth/register", good, Fails(problem.UnsupportedMediaType), JSONType),
	Post("/api/v1/auth/register", good, Fails(problem.UnsupportedMediaType), "Content-Encoding: gzip"),
	Post("/api/v1/auth/register", good, Is(201), "Accept: text/html;q=0.1"),
	Post("/api/v1/auth/register", "{", Fails(problem.InvalidRequest), "Accept: text/html"),
	Post("/api/v1/auth/register", `{"email":"ann","password":"short"}`, Fails(problem.Validation), "X-Debug: true"),

	Post("/api/v1/auth/refresh", `{"refreshToken":"refresh-demo"}`, Is(200)),
	Post("/api/v1/auth/refresh", `{"refreshToken":"stolen"}`, Fails(problem.TokenInvalid)),
	Post("/api/v1/auth/refresh", `{}`, Fails(problem.Validation)),

	Post("/api/v1/legacy/register", good, Is(201)),
	Post("/api/v1/legacy/register", strings.Replace(good, "ann@", "taken@", 1), Fails(problem.Conflict)),
	Post("/api/v1/legacy/register", `{"organizationName":"","email":"invalid-email","password":"short"}`, Fails(problem.Validation)),
	Post("/api/v1/legacy/register", "{", Fails(problem.InvalidRequest)),
	Post("/api/v1/legacy/register", "", Fails(problem.InvalidRequest)),

	Post("/api/v1/sessions", `{"durationHours":2}`, Is(201), User),
	Post("/api/v1/sessions", `{"durationHours":25}`, Fails(problem.Validation), User),
	Post("/api/v1/sessions", `{"durationHours":0}`, Fails(problem.Validation), User),
	Post("/api/v1/sessions", `{"durationHours":-1}`, Fails(problem.Validation), User),
	Post("/api/v1/sessions", `{"durationHours":"2"}`, Malformed(problem.Validation), User),
	Post("/api/v1/sessions", `{"durationHours":1.5}`, Malformed(problem.Validation), User),
	Post("/api/v1/sessions", `{"durationHours":99999999999999999999}`, Malformed(problem.Validation), User),
	Post("/api/v1/sessions", `{`, Fails(problem.Unauthenticated)),

	Post("/api/v1/resources", Resource, Is(201), User),
	Post("/api/v1/resources", `{}`, Fails(problem.Validation), User),
	Post("/api/v1/resources", strings.Replace(Resource, "{", `{"tags":[{"key":"a","value":"b"},{"key":"","value":7}],`, 1), Malformed(problem.Validation), User),
	Post("/api/v1/resources", strings.Replace(Resource, "{", `{"tags":[`+strings.Repeat(`{"key":"a"},`, 10)+`{"key":"a"}],`, 1), Fails(problem.Validation), User),
	Post("/api/v1/resources", strings.Replace(Resource, "{", `{"tags":[null],`, 1), Malformed(problem.Validation), User),
	Post("/api/v1/resources", strings.Replace(Resource, "AWS", "IBM", 1), Fails(problem.Validation), User),
	Post("/api/v1/resources", strings.Replace(Resource, `"config":{"securityGroupId":"sg-0123456789abcdef0",`, `"config":{`, 1), Fails(problem.Validation), User),
}

func typed(contentType string, w Want) Question {
	return Question{"body of type " + contentType, Call{
		Method: "POST", Target: "/api/v1/auth/register", Header: []string{"Content-Type: " + contentType}, Body: good,
	}, w, false}
}

// parameters asks /search.
var parameters = []Question{
	Get("/api/v1/search?q=prod", Is(200)),
	Get("/api/v1/search?q=prod&limit=5&sort=createdAt&other=1", Is(200)),
	Get("/api/v1/search", Fails(problem.Validation)),
	Get("/api/v1/search?q=", Fails(problem.Validation)),
	Get("/api/v1/search?q=a", Fails(problem.Validation)),
	Get("/api/v1/search?q="+strings.Repeat("a", 65), Fails(problem.Validation)),
	Get("/api/v1/search?q=prod&limit=0", Fails(problem.Validation)),
	Get("/api/v1/search?q=prod&limit=101", Fails(problem.Validation)),
	Get("/api/v1/search?q=prod&limit=x", Malformed(problem.Validation)),
	Get("/api/v1/search?q=prod&limit=99999999999999999999", Malformed(problem.Validation)),
	Get("/api/v1/search?q=prod&q=prod", Malformed(problem.Validation)),
	Get("/api/v1/search?q=%FF%FE", Malformed(problem.Validation)),
	Get("/api/v1/search?q=prod&sort=size", Fails(problem.Validation)),
	Get("/api/v1/search?q=%zz", Fails(problem.InvalidRequest)),
	Get("/api/v1/search?q=prod;sort=name", Fails(problem.InvalidRequest)),
	Get("/api/v1/search?q=prod"+strings.Repeat("&a=1", 1000), Fails(problem.InvalidRequest)),
}
