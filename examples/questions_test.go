package examples_test

import (
	"fmt"
	"strings"

	"github.com/backstop-go/backstop/problem"
)

// question is a call and what should come of it.
type question struct {
	name string
	call
	want    want
	outside bool // answered by net/http itself, before any middleware
}

func get(target string, w want, header ...string) question {
	return ask("GET", target, w, header...)
}

func ask(method, target string, w want, header ...string) question {
	return question{method + " " + target + " " + strings.Join(header, " "), call{method: method, target: target, header: header}, w, false}
}

func post(target, body string, w want, header ...string) question {
	q := ask("POST", target, w, append([]string{jsonType}, header...)...)
	q.body = body
	q.name += " " + body[:min(len(body), 60)]
	return q
}

// send is a POST to /auth/register, where everything about bodies is tried.
func send(body string, w want) question { return post("/api/v1/auth/register", body, w) }

const (
	known    = "/api/v1/resources/550e8400-e29b-41d4-a716-446655440000"
	unknown  = "/api/v1/resources/99999999-9999-9999-9999-999999999999"
	admin    = "Authorization: Bearer admin-token"
	readonly = "Authorization: Bearer readonly-token"
	good     = `{"organizationName":"Acme","email":"ann@example.com","password":"long enough"}`
	resource = `{"name":"Production Database","provider":"AWS","credentialId":"550e8400-e29b-41d4-a716-446655440000",` +
		`"config":{"securityGroupId":"sg-0123456789abcdef0","region":"us-east-1"}}`
)

// plain asks for routes, rights and paths.
var plain = []question{
	get("/healthz", is(200)),
	ask("HEAD", "/healthz", is(200)),
	ask("POST", "/healthz", fails(problem.MethodNotAllowed)),
	get("/openapi.json", is(200)),
	ask("HEAD", "/openapi.json", is(200)),
	ask("POST", "/openapi.json", fails(problem.MethodNotAllowed)),
	get("/", fails(problem.NotFound)),
	get("/nope", fails(problem.NotFound)),
	get("/api/v1", fails(problem.NotFound)),
	get("/api/v1/", fails(problem.NotFound)),
	get("/api/v1/nope", fails(problem.NotFound)),
	ask("HEAD", "/api/v1/nope", fails(problem.NotFound)),
	ask("POST", "/api/v1/nope", fails(problem.NotFound)),

	get("/api/v1/sessions", is(200), user[0]),
	get("/api/v1/sessions?x=%zz", is(200), user[0]),
	ask("HEAD", "/api/v1/sessions", is(200), user[0]),
	get("/api/v1/sessions", fails(problem.Unauthenticated)),
	ask("HEAD", "/api/v1/sessions", fails(problem.Unauthenticated)),
	get("/api/v1/sessions", fails(problem.Unauthenticated), "Authorization: Basic YTpi"),
	get("/api/v1/sessions", fails(problem.Unauthenticated), "Authorization: Bearer"),
	get("/api/v1/sessions", is(200), "authorization: bEARER user-token"),
	get("/api/v1/sessions", fails(problem.TokenInvalid), "Authorization: Bearer nope"),
	get("/api/v1/sessions", fails(problem.TokenInvalid), user[0], user[0]),
	get("/api/v1/sessions", fails(problem.TokenExpired), "Authorization: Bearer expired-token"),
	get("/api/v1/sessions", fails(problem.TokenRevoked), "Authorization: Bearer revoked-token"),
	get("/api/v1/sessions", fails(problem.TokenInvalid), "Authorization: Bearer \tuser-token"), // the limiter would take it for another client
	get("/api/v1/users", is(200), admin),
	get("/api/v1/users", fails(problem.Forbidden), user[0]),
	get("/api/v1/users", fails(problem.Forbidden), readonly),
	get("/api/v1/users", fails(problem.Unauthenticated)),
	get("/api/v1/credentials", is(200), user[0]),
	get("/api/v1/credentials", fails(problem.InsufficientScope), readonly),

	get(known, is(200), user[0]),
	get("/api/v1/resources/550E8400-E29B-41D4-A716-446655440000", is(200), user[0]),
	get(unknown, fails(problem.NotFound), user[0]),
	get(unknown, fails(problem.Unauthenticated)),
	get("/api/v1/resources/7", fails(problem.Validation), user[0]),
	get("/api/v1/resources/a%20b", fails(problem.Validation), user[0]),
	get("/api/v1/resources/%00", malformed(problem.Validation), user[0]),
	get("/api/v1/resources/%FF", malformed(problem.Validation), user[0]),
	get("/api/v1/resources/<script>alert(1)</script>", fails(problem.NotFound), user[0]),
	get("/api/v1/resources/"+strings.Repeat("a", 4096), fails(problem.Validation), user[0]),
	ask("DELETE", known, is(204), user[0]),
	ask("DELETE", unknown, fails(problem.NotFound), user[0]),
	ask("DELETE", "/api/v1/resources/7", fails(problem.Validation), user[0]),
	get("/api/v1/events", is(200), user[0]),
	get("/api/v1/events", fails(problem.Unauthenticated)),

	// Methods. Only what the router knows of a path can stand in Allow.
	ask("PUT", "/api/v1/users", fails(problem.MethodNotAllowed)),
	ask("PATCH", known, fails(problem.MethodNotAllowed), user[0]),
	ask("DELETE", "/api/v1/sessions", fails(problem.MethodNotAllowed)),
	ask("OPTIONS", "/api/v1/sessions", fails(problem.MethodNotAllowed)),
	ask("TRACE", "/api/v1/sessions", fails(problem.MethodNotAllowed)),
	ask("BREW", "/api/v1/sessions", fails(problem.MethodNotAllowed)),
	ask("get", "/api/v1/sessions", fails(problem.MethodNotAllowed)),
	ask("BREW", "/api/v1/nope", fails(problem.NotFound)),
	ask("HEAD", "/api/v1/auth/register", fails(problem.MethodNotAllowed)),
	get("/api/v1/auth/register", fails(problem.MethodNotAllowed)),

	// Paths about which routers disagree.
	get("//x", fails(problem.NotFound)),
	get("//api/v1/sessions", fails(problem.NotFound), user[0]),
	get("/api//v1/sessions", fails(problem.NotFound), user[0]),
	get("/api/v1/sessions/", fails(problem.NotFound), user[0]),
	get("/api/v1/./sessions", fails(problem.NotFound), user[0]),
	get("/api/v1/x/../sessions", fails(problem.NotFound), user[0]),
	get("/%61pi/v1/sessions", is(200), user[0]),
	get("/api/v1/resources/a%2Fb", fails(problem.NotFound), user[0]),
	get("/api/v1/faults/code", fails(problem.NotFound)),
	get("/api/v1/resources", fails(problem.MethodNotAllowed), user[0]),
	get("/api/v1/resources/", fails(problem.NotFound), user[0]),
	get("/api/v1/resources/:id", fails(problem.Validation), user[0]),
	get("/api/v1/resources/*", fails(problem.Validation), user[0]),
	get("/api/v1/resources/{id}", fails(problem.Validation), user[0]),
	get("/api/v1/resources/%27%20OR%201%3D1", fails(problem.Validation), user[0]),
	get("/api/v1/resources/%2e%2e", fails(problem.NotFound), user[0]),
	get("/api/v1/resources/a%2fb", fails(problem.NotFound), user[0]),
	get("/api/v1/resources/%25", fails(problem.Validation), user[0]),
	get("/api/v1/resources/%252F", fails(problem.Validation), user[0]),
	get("/api/v1/resources/\xff", malformed(problem.Validation), user[0]),
	get(known+"/", fails(problem.NotFound), user[0]),
	get(known+"/x", fails(problem.NotFound), user[0]),
	get(known+";v=1", fails(problem.Validation), user[0]),
	get(known+"?", is(200), user[0]),
	get("/api/v1/faults/code/a/b", fails(problem.NotFound)),
	get("/api/v1/faults/"+strings.Repeat("%20", 8000), fails(problem.NotFound)),
	get("/API/V1/SESSIONS", fails(problem.NotFound), user[0]),
}

// bodies sends what people send, and what nobody should.
var bodies = []question{
	send(good, is(201)),
	send(good+"\r\n", is(201)),
	send(`{"organizationName":"","email":"invalid-email","password":"short"}`, fails(problem.Validation)),
	send(`{}`, fails(problem.Validation)),
	send(strings.Replace(good, "ann@", "taken@", 1), fails(problem.Conflict)),
	send(strings.Replace(good, "long enough", strings.Repeat("p", 129), 1), fails(problem.Validation)),
	send(strings.Replace(good, `"Acme"`, `7`, 1), malformed(problem.Validation)),
	send(strings.Replace(good, `"Acme"`, `null`, 1), fails(problem.Validation)),
	send(strings.Replace(good, "email", "EMAIL", 1), malformed(problem.Validation)),
	send(strings.Replace(good, "{", `{"extra":{"a":[1]},`, 1), is(201)),
	send(strings.Replace(good, "Acme", "<b>&\u2028\\ud83d\\ude00", 1), is(201)),
	send("", fails(problem.InvalidRequest)),
	send("  \n", fails(problem.InvalidRequest)),
	send("{", fails(problem.InvalidRequest)),
	send(`{"email":}`, fails(problem.InvalidRequest)),
	send("null", fails(problem.InvalidRequest)),
	send("[]", fails(problem.InvalidRequest)),
	send(`"s3cr3t"`, fails(problem.InvalidRequest)),
	send(good+good, fails(problem.InvalidRequest)),
	send(good+"x", fails(problem.InvalidRequest)),
	send("\xef\xbb\xbf"+good, fails(problem.InvalidRequest)),
	send(strings.Replace(good, "Acme", "\xff", 1), fails(problem.InvalidRequest)),
	send(strings.Replace(good, "Acme", `\ud800`, 1), fails(problem.InvalidRequest)),
	send(strings.Replace(good, "{", `{"email":"ann@example.com",`, 1), fails(problem.InvalidRequest)),
	send(strings.Replace(good, "{", `{"em\u0061il":"ann@example.com",`, 1), fails(problem.InvalidRequest)),
	send(strings.Replace(good, "{", `{"x":`+strings.Repeat("[", 100_000), 1), fails(problem.InvalidRequest)),
	send(strings.Replace(good, "{", `{"x":[`+strings.Repeat("{},", 200_000)+`{}],`, 1), fails(problem.InvalidRequest)),
	send(strings.Replace(good, "Acme", strings.Repeat("a", 1<<20), 1), fails(problem.PayloadTooLarge)),
	ask("POST", "/api/v1/auth/register", fails(problem.PayloadTooLarge), jsonType, "Content-Length: 1099511627776"),
	ask("POST", "/api/v1/auth/register", fails(problem.PayloadTooLarge), jsonType, "Content-Length: 1099511627776", "Expect: 100-continue"),
	{"chunked above the limit", call{
		method: "POST", target: "/api/v1/auth/register", header: []string{jsonType, "Transfer-Encoding: chunked"},
		body: fmt.Sprintf("200000\r\n%s\r\n0\r\n\r\n", strings.Repeat(" ", 0x200000)),
	}, fails(problem.PayloadTooLarge), false},
	{"a chunk that is none", call{
		method: "POST", target: "/api/v1/auth/register", header: []string{jsonType, "Transfer-Encoding: chunked"},
		body: "zz\r\n{}\r\n0\r\n\r\n",
	}, fails(problem.InvalidRequest), false},
	{"a body that never comes", call{
		method: "POST", target: "/api/v1/auth/register", header: []string{jsonType, "Content-Length: 10"}, body: "{",
	}, fails(problem.RequestTimeout), false},
	{"no Content-Type", call{method: "POST", target: "/api/v1/auth/register", body: good}, fails(problem.UnsupportedMediaType), false},
	typed("text/plain", fails(problem.UnsupportedMediaType)),
	typed("application/x-www-form-urlencoded", fails(problem.UnsupportedMediaType)),
	typed("application/json; charset=iso-8859-1", fails(problem.UnsupportedMediaType)),
	typed("Application/JSON; charset=UTF-8", is(201)),
	post("/api/v1/auth/register", good, fails(problem.UnsupportedMediaType), jsonType),
	post("/api/v1/auth/register", good, fails(problem.UnsupportedMediaType), "Content-Encoding: gzip"),
	post("/api/v1/auth/register", good, is(201), "Accept: text/html;q=0.1"),
	post("/api/v1/auth/register", "{", fails(problem.InvalidRequest), "Accept: text/html"),
	post("/api/v1/auth/register", `{"email":"ann","password":"short"}`, fails(problem.Validation), "X-Debug: true"),

	post("/api/v1/auth/refresh", `{"refreshToken":"refresh-demo"}`, is(200)),
	post("/api/v1/auth/refresh", `{"refreshToken":"stolen"}`, fails(problem.TokenInvalid)),
	post("/api/v1/auth/refresh", `{}`, fails(problem.Validation)),

	post("/api/v1/legacy/register", good, is(201)),
	post("/api/v1/legacy/register", strings.Replace(good, "ann@", "taken@", 1), fails(problem.Conflict)),
	post("/api/v1/legacy/register", `{"organizationName":"","email":"invalid-email","password":"short"}`, fails(problem.Validation)),
	post("/api/v1/legacy/register", "{", fails(problem.InvalidRequest)),
	post("/api/v1/legacy/register", "", fails(problem.InvalidRequest)),

	post("/api/v1/sessions", `{"durationHours":2}`, is(201), user[0]),
	post("/api/v1/sessions", `{"durationHours":25}`, fails(problem.Validation), user[0]),
	post("/api/v1/sessions", `{"durationHours":0}`, fails(problem.Validation), user[0]),
	post("/api/v1/sessions", `{"durationHours":-1}`, fails(problem.Validation), user[0]),
	post("/api/v1/sessions", `{"durationHours":"2"}`, malformed(problem.Validation), user[0]),
	post("/api/v1/sessions", `{"durationHours":1.5}`, malformed(problem.Validation), user[0]),
	post("/api/v1/sessions", `{"durationHours":99999999999999999999}`, malformed(problem.Validation), user[0]),
	post("/api/v1/sessions", `{`, fails(problem.Unauthenticated)),

	post("/api/v1/resources", resource, is(201), user[0]),
	post("/api/v1/resources", `{}`, fails(problem.Validation), user[0]),
	post("/api/v1/resources", strings.Replace(resource, "{", `{"tags":[{"key":"a","value":"b"},{"key":"","value":7}],`, 1), malformed(problem.Validation), user[0]),
	post("/api/v1/resources", strings.Replace(resource, "{", `{"tags":[`+strings.Repeat(`{"key":"a"},`, 10)+`{"key":"a"}],`, 1), fails(problem.Validation), user[0]),
	post("/api/v1/resources", strings.Replace(resource, "{", `{"tags":[null],`, 1), malformed(problem.Validation), user[0]),
	post("/api/v1/resources", strings.Replace(resource, "AWS", "IBM", 1), fails(problem.Validation), user[0]),
	post("/api/v1/resources", strings.Replace(resource, `"config":{"securityGroupId":"sg-0123456789abcdef0",`, `"config":{`, 1), fails(problem.Validation), user[0]),
}

func typed(contentType string, w want) question {
	return question{"body of type " + contentType, call{
		method: "POST", target: "/api/v1/auth/register", header: []string{"Content-Type: " + contentType}, body: good,
	}, w, false}
}

// parameters asks /search.
var parameters = []question{
	get("/api/v1/search?q=prod", is(200)),
	get("/api/v1/search?q=prod&limit=5&sort=createdAt&other=1", is(200)),
	get("/api/v1/search", fails(problem.Validation)),
	get("/api/v1/search?q=", fails(problem.Validation)),
	get("/api/v1/search?q=a", fails(problem.Validation)),
	get("/api/v1/search?q="+strings.Repeat("a", 65), fails(problem.Validation)),
	get("/api/v1/search?q=prod&limit=0", fails(problem.Validation)),
	get("/api/v1/search?q=prod&limit=101", fails(problem.Validation)),
	get("/api/v1/search?q=prod&limit=x", malformed(problem.Validation)),
	get("/api/v1/search?q=prod&limit=99999999999999999999", malformed(problem.Validation)),
	get("/api/v1/search?q=prod&q=prod", malformed(problem.Validation)),
	get("/api/v1/search?q=%FF%FE", malformed(problem.Validation)),
	get("/api/v1/search?q=prod&sort=size", fails(problem.Validation)),
	get("/api/v1/search?q=%zz", fails(problem.InvalidRequest)),
	get("/api/v1/search?q=prod;sort=name", fails(problem.InvalidRequest)),
	get("/api/v1/search?q=prod"+strings.Repeat("&a=1", 1000), fails(problem.InvalidRequest)),
}
