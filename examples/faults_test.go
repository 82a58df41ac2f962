package examples_test

import (
	"strings"

	"github.com/backstop-go/backstop/problem"
)

// faults asks for every way to fail.
func faults(style problem.Style) []question {
	at := func(name string, w want) question { return get("/api/v1/faults/"+name, w) }
	all := []question{
		at("panic", fails(problem.Internal)),
		at("panic-midway", cutAfter(200)),
		at("panic-after-flush", cutAfter(200)),
		at("panic-no-content", fails(problem.Internal)),
		at("panic-stale", fails(problem.Internal)),
		at("abort", silence()),
		at("goexit", fails(problem.Internal)),
		at("slow", fails(problem.Timeout)),
		at("plain", fails(problem.Internal)),
		at("leak", fails(problem.Internal)),
		at("double", cutAfter(200)),
		at("unheard-of", fails(problem.NotFound)),
		at("client_closed", fails(problem.NotFound)),
		at("code/unheard_of", fails(problem.NotFound)),
		ask("HEAD", "/api/v1/faults/panic", fails(problem.Internal)),
		ask("HEAD", "/api/v1/faults/panic-stale", fails(problem.Internal)),
		ask("HEAD", "/api/v1/faults/plain", fails(problem.Internal)),
		ask("HEAD", "/api/v1/faults/goexit", fails(problem.Internal)),
		ask("POST", "/api/v1/faults/panic", fails(problem.MethodNotAllowed)),
		get("/api/v1/faults/panic", fails(problem.Internal), "Upgrade: websocket"),
		get("/api/v1/faults/panic", fails(problem.Internal), "X-Debug: true"),
		get("/api/v1/faults/panic", fails(problem.Internal), "X-Debug: true", "X-Forwarded-For: 127.0.0.1"),
		get("/api/v1/faults/panic", fails(problem.Internal), "X-Request-ID: mine"),
	}
	for kind := range problem.ClientClosed {
		all = append(all, at(kind.String(), fails(kind)))
	}
	for _, code := range style.Codes {
		w := is(code.Status)
		if code.Status == 0 {
			w = fails(code.Kind)
		}
		all = append(all, at("code/"+code.Name, w))
	}
	return all
}

// wire says what no client library would.
var wire = []question{
	outside("OPTIONS *", "OPTIONS * HTTP/1.1\r\nHost: vault\r\nConnection: close\r\n\r\n", is(404)),
	outside("GET *", "GET * HTTP/1.1\r\nHost: vault\r\nConnection: close\r\n\r\n", is(404)),
	outside("no HTTP", "hello\r\n\r\n", is(400)),
	outside("no Host", "GET /healthz HTTP/1.1\r\n\r\n", is(400)),
	outside("a header without end", "GET /healthz HTTP/1.1\r\nHost: vault\r\nX: "+strings.Repeat("x", 64<<10), is(431)),
	outside("two lengths", "POST /api/v1/auth/register HTTP/1.1\r\nHost: vault\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}", is(400)),
	outside("a length and chunks", "POST /api/v1/auth/register HTTP/1.1\r\nHost: vault\r\nConnection: close\r\n"+
		"Content-Type: application/json\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", is(400)),
	outside("a space before the colon", "GET /healthz HTTP/1.1\r\nHost : vault\r\n\r\n", is(400)),
	outside("HTTP/1.0", "GET /healthz HTTP/1.0\r\n\r\n", is(200)),
	outside("HTTP/1.0 and a panic", "GET /api/v1/faults/panic HTTP/1.0\r\n\r\n", is(500)),
	outside("a panic, and another request behind it", "GET /api/v1/faults/panic HTTP/1.1\r\nHost: vault\r\n\r\n"+
		"GET /healthz HTTP/1.1\r\nHost: vault\r\nConnection: close\r\n\r\n", is(500)),
	outside("a goexit, and another request behind it", "GET /api/v1/faults/goexit HTTP/1.1\r\nHost: vault\r\n\r\n"+
		"GET /healthz HTTP/1.1\r\nHost: vault\r\nConnection: close\r\n\r\n", is(500)),
	outside("a stale panic, and another request behind it", "GET /api/v1/faults/panic-stale HTTP/1.1\r\nHost: vault\r\n\r\n"+
		"GET /healthz HTTP/1.1\r\nHost: vault\r\nConnection: close\r\n\r\n", is(500)),
	outside("a half-sent answer, and another request behind it", "GET /api/v1/faults/panic-midway HTTP/1.1\r\nHost: vault\r\n\r\n"+
		"GET /healthz HTTP/1.1\r\nHost: vault\r\nConnection: close\r\n\r\n", cutAfter(200)),
	outside("CONNECT", "CONNECT vault:80 HTTP/1.1\r\nHost: vault:80\r\nConnection: close\r\n\r\n", is(404)),
	outside("absolute form", "GET http://vault/api/v1/nope HTTP/1.1\r\nHost: vault\r\nConnection: close\r\n\r\n", is(404)),
}

func outside(name, raw string, w want) question {
	return question{name, call{method: "GET", raw: raw}, w, true}
}
