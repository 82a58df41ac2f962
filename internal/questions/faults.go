package questions

import (
	"strings"

	"github.com/backstop-go/backstop/problem"
)

// faults asks for every way to fail.
func faults(style problem.Style) []Question {
	at := func(name string, w Want) Question { return Get("/api/v1/faults/"+name, w) }
	all := []Question{
		at("panic", Fails(problem.Internal)),
		at("panic-midway", CutAfter(200)),
		at("panic-after-flush", CutAfter(200)),
		at("panic-no-content", Fails(problem.Internal)),
		at("panic-stale", Fails(problem.Internal)),
		at("abort", Silence()),
		at("goexit", Fails(problem.Internal)),
		at("slow", Fails(problem.Timeout)),
		at("plain", Fails(problem.Internal)),
		at("leak", Fails(problem.Internal)),
		at("double", CutAfter(200)),
		at("unheard-of", Fails(problem.NotFound)),
		at("client_closed", Fails(problem.NotFound)),
		at("code/unheard_of", Fails(problem.NotFound)),
		Ask("HEAD", "/api/v1/faults/panic", Fails(problem.Internal)),
		Ask("HEAD", "/api/v1/faults/panic-stale", Fails(problem.Internal)),
		Ask("HEAD", "/api/v1/faults/plain", Fails(problem.Internal)),
		Ask("HEAD", "/api/v1/faults/goexit", Fails(problem.Internal)),
		Ask("POST", "/api/v1/faults/panic", Fails(problem.MethodNotAllowed)),
		Get("/api/v1/faults/panic", Fails(problem.Internal), "Upgrade: websocket"),
		Get("/api/v1/faults/panic", Fails(problem.Internal), "X-Debug: true"),
		Get("/api/v1/faults/panic", Fails(problem.Internal), "X-Debug: true", "X-Forwarded-For: 127.0.0.1"),
		Get("/api/v1/faults/panic", Fails(problem.Internal), "X-Request-ID: mine"),
	}
	for kind := range problem.ClientClosed {
		all = append(all, at(kind.String(), Fails(kind)))
	}
	for _, code := range style.Codes {
		w := Is(code.Status)
		if code.Status == 0 {
			w = Fails(code.Kind)
		}
		all = append(all, at("code/"+code.Name, w))
	}
	return all
}

// wire says what no client library would.
var wire = []Question{
	outside("OPTIONS *", "OPTIONS * HTTP/1.1\r\nHost: vault\r\nConnection: close\r\n\r\n", Is(404)),
	outside("GET *", "GET * HTTP/1.1\r\nHost: vault\r\nConnection: close\r\n\r\n", Is(404)),
	outside("no HTTP", "hello\r\n\r\n", Is(400)),
	outside("no Host", "GET /healthz HTTP/1.1\r\n\r\n", Is(400)),
	outside("a header without end", "GET /healthz HTTP/1.1\r\nHost: vault\r\nX: "+strings.Repeat("x", 64<<10), Is(431)),
	outside("two lengths", "POST /api/v1/auth/register HTTP/1.1\r\nHost: vault\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}", Is(400)),
	outside("a length and chunks", "POST /api/v1/auth/register HTTP/1.1\r\nHost: vault\r\nConnection: close\r\n"+
		"Content-Type: application/json\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", Is(400)),
	outside("a space before the colon", "GET /healthz HTTP/1.1\r\nHost : vault\r\n\r\n", Is(400)),
	outside("HTTP/1.0", "GET /healthz HTTP/1.0\r\n\r\n", Is(200)),
	outside("HTTP/1.0 and a panic", "GET /api/v1/faults/panic HTTP/1.0\r\n\r\n", Is(500)),
	outside("a panic, and another request behind it", "GET /api/v1/faults/panic HTTP/1.1\r\nHost: vault\r\n\r\n"+
		"GET /healthz HTTP/1.1\r\nHost: vault\r\nConnection: close\r\n\r\n", Is(500)),
	outside("a goexit, and another request behind it", "GET /api/v1/faults/goexit HTTP/1.1\r\nHost: vault\r\n\r\n"+
		"GET /healthz HTTP/1.1\r\nHost: vault\r\nConnection: close\r\n\r\n", Is(500)),
	outside("a stale panic, and another request behind it", "GET /api/v1/faults/panic-stale HTTP/1.1\r\nHost: vault\r\n\r\n"+
		"GET /healthz HTTP/1.1\r\nHost: vault\r\nConnection: close\r\n\r\n", Is(500)),
	outside("a half-sent answer, and another request behind it", "GET /api/v1/faults/panic-midway HTTP/1.1\r\nHost: vault\r\n\r\n"+
		"GET /healthz HTTP/1.1\r\nHost: vault\r\nConnection: close\r\n\r\n", CutAfter(200)),
	outside("CONNECT", "CONNECT vault:80 HTTP/1.1\r\nHost: vault:80\r\nConnection: close\r\n\r\n", Is(404)),
	outside("absolute form", "GET http://vault/api/v1/nope HTTP/1.1\r\nHost: vault\r\nConnection: close\r\n\r\n", Is(404)),
}

func outside(name, raw string, w Want) Question {
	return Question{name, Call{Method: "GET", Raw: raw}, w, true}
}
