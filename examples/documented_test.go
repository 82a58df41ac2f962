package examples_test

import (
	"strings"
	"testing"

	"github.com/backstop-go/backstop/internal/questions"
	"github.com/backstop-go/backstop/internal/styles"
	"github.com/backstop-go/backstop/problem"
)

// TestDocumentedAnswers compares answers with the examples on the vendors'
// pages, member by member in their order; only the time is masked.
func TestDocumentedAnswers(t *testing.T) {
	nameless := `{"name":"","provider":"AWS","credentialId":"550e8400-e29b-41d4-a716-446655440000",` +
		`"config":{"securityGroupId":"sg-0123456789abcdef0","region":"us-east-1"}}`
	wrongMail := `{"organizationName":"Acme","email":"ann","password":"long enough"}`

	documented := map[string][]struct {
		questions.Question
		body string
	}{
		"entryguard": {
			{
				questions.Send(`{"organizationName":"","email":"invalid-email","password":"short"}`, questions.Is(400)),
				`{"timestamp":"TIME","status":400,"error":"Bad Request","message":"Validation failed","path":"/api/v1/auth/register",` +
					`"validationErrors":{"organizationName":"must not be blank","email":"must be a well-formed email address","password":"size must be between 8 and 128"}}`,
			},
			{
				questions.Send(`{"organizationName":"Acme","email":"","password":"short"}`, questions.Is(400)),
				`{"timestamp":"TIME","status":400,"error":"Bad Request","message":"Validation failed","path":"/api/v1/auth/register",` +
					`"validationErrors":{"email":"must not be blank","password":"size must be between 8 and 128"}}`,
			},
			{
				questions.Get("/api/v1/sessions", questions.Is(401)),
				`{"timestamp":"TIME","status":401,"error":"Unauthorized","message":"Full authentication is required to access this resource","path":"/api/v1/sessions"}`,
			},
			{
				questions.Get("/api/v1/sessions", questions.Is(401), "Authorization: Bearer expired-token"),
				`{"timestamp":"TIME","status":401,"error":"Unauthorized","message":"Token has expired","path":"/api/v1/sessions"}`,
			},
			{
				questions.Get("/api/v1/users", questions.Is(403), questions.User),
				`{"timestamp":"TIME","status":403,"error":"Forbidden","message":"Access denied. Administrator privileges required.","path":"/api/v1/users"}`,
			},
			{
				questions.Get("/api/v1/credentials", questions.Is(403), questions.Readonly),
				`{"timestamp":"TIME","status":403,"error":"Forbidden","message":"API key does not have access to this resource","path":"/api/v1/credentials"}`,
			},
			{
				questions.Get(questions.Unknown, questions.Is(404), questions.User),
				`{"timestamp":"TIME","status":404,"error":"Not Found","message":"Resource not found","path":"` + questions.Unknown + `"}`,
			},
			{
				questions.Get("/api/v1/faults/leak", questions.Is(500)),
				`{"timestamp":"TIME","status":500,"error":"Internal Server Error","message":"An unexpected error occurred. Please try again later.","path":"/api/v1/faults/leak"}`,
			},
			{
				questions.Get("/api/v1/faults/rate_limited", questions.Is(429)),
				`{"timestamp":"TIME","status":429,"error":"Too Many Requests","message":"Rate limit exceeded. Please try again later.","path":"/api/v1/faults/rate_limited"}`,
			},
			{
				questions.Post("/api/v1/resources", questions.Resource, questions.Is(201), questions.User),
				`{"id":"123e4567-e89b-12d3-a456-426614174000","name":"Production Database","provider":"AWS","createdAt":"TIME"}`,
			},
			{questions.Ask("DELETE", questions.Known, questions.Is(204), questions.User), ""},
			{questions.Get("/healthz", questions.Is(200)), `{"status":"ok"}`},
			{questions.Post("/api/v1/auth/refresh", `{"refreshToken":"refresh-demo"}`, questions.Is(200)), `{"accessToken":"user-token","refreshToken":"refresh-demo"}`},
			{questions.Get(questions.Known, questions.Is(200), questions.User), `{"id":"550e8400-e29b-41d4-a716-446655440000","name":"Production Database","provider":"AWS","status":"ACTIVE"}`},
		},
		"enpass": {
			{questions.Get("/api/v1/faults/leak", questions.Is(500)), `{"error":true,"code":"unknown_error","description":"Something went wrong"}`},
		},
		"enkryptify": {
			{questions.Post("/api/v1/resources", nameless, questions.Is(400), questions.User), `{"message":"name: String must contain at least 1 character(s)"}`},
			{questions.Get("/api/v1/sessions", questions.Is(401)), `{"message":"Invalid or expired token"}`},
			{questions.Get("/api/v1/faults/forbidden", questions.Is(403)), `{"message":"Insufficient permissions"}`},
		},
		"authrim": {
			{questions.Send("{", questions.Is(400)), `{"error":"invalid_request","error_description":"Invalid JSON in request body"}`},
			{
				questions.Send(wrongMail, questions.Is(422)),
				`{"error":"validation_error","error_description":"Invalid input data","details":{"email":"Please enter a valid email address"}}`,
			},
			{questions.Get("/api/v1/sessions", questions.Is(401)), `{"error":"unauthorized","error_description":"Authentication token is invalid or expired"}`},
			{questions.Get("/api/v1/faults/forbidden", questions.Is(403)), `{"error":"forbidden","error_description":"You do not have permission to perform this operation"}`},
			{questions.Get("/api/v1/faults/leak", questions.Is(500)), `{"error":"internal_error","error_description":"An internal error occurred. Please try again later."}`},
			{
				questions.Post("/api/v1/auth/register", wrongMail, questions.Is(422), "X-Debug: true"),
				`{"error":"validation_error","error_description":"Invalid input data","details":{"email":"Please enter a valid email address"},` +
					`"debug":{"stack_trace":"STACK","request_body":{"organizationName":"Acme","email":"ann","password":"[REDACTED]"},"timestamp":"TIME"}}`,
			},
		},
		"scaivault": {
			{
				questions.Get("/api/v1/sessions", questions.Is(401)),
				`{"error":{"code":"authentication_required","message":"Missing Authorization header","request_id":"ID"}}`,
			},
		},
		"rfc9457": {
			{
				questions.Get("/api/v1/nope", questions.Is(404)),
				`{"type":"about:blank","title":"Not Found","status":404,"detail":"Resource not found","code":"not_found","request_id":"ID"}`,
			},
		},
	}
	for _, style := range styles.All {
		t.Run(style.Name, func(t *testing.T) {
			t.Parallel()
			cases := documented[style.Name]
			if len(cases) == 0 {
				t.Fatalf("%s has no documented answers", style.Name)
			}
			servers := questions.StartAll(t, "-style", style.Name, "-debug")
			for _, c := range cases {
				for i, got := range askAll(servers, c.Call) {
					check(t, servers[i].Name, style, c.Question, got)
					if len(got) == 1 && got[0].Body != c.body {
						t.Errorf("%s: %s says\n%s\nwant\n%s", c.Name, servers[i].Name, got[0].Body, c.body)
					}
				}
			}
		})
	}
}

// The debug block is sent only if the program has the flag -debug, and a caller on this
// machine asks for it.
func TestDebugBlockNeedsBothLocks(t *testing.T) {
	invalid := questions.Post("/api/v1/auth/register", "{}", questions.Fails(problem.Validation)).Call
	asking, forwarded, twice := invalid, invalid, invalid
	asking.Header = []string{questions.JSONType, "X-Debug: true"}
	forwarded.Header = []string{questions.JSONType, "X-Debug: true", "X-Forwarded-For: 127.0.0.1"}
	twice.Header = []string{questions.JSONType, "X-Debug: true", "X-Debug: true"}
	for _, c := range []struct {
		name  string
		flags []string
		questions.Call
		want bool
	}{
		{"no flag, no header", nil, invalid, false},
		{"no flag", nil, asking, false},
		{"no header", []string{"-debug"}, invalid, false},
		{"forwarded", []string{"-debug"}, forwarded, false},
		{"asked twice", []string{"-debug"}, twice, false},
		{"both", []string{"-debug"}, asking, true},
	} {
		servers := questions.StartAll(t, append(c.flags, "-style", "authrim")...)
		for i, got := range askAll(servers, c.Call) {
			if len(got) != 1 || strings.Contains(got[0].Body, `"debug":`) != c.want {
				t.Errorf("%s: %s answers %v, want a debug block: %t", c.name, servers[i].Name, got, c.want)
			}
		}
	}
}
