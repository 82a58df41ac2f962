package examples_test

import (
	"testing"

	"github.com/backstop-go/backstop/problem"
)

// TestDocumentedAnswers compares answers with the examples on the vendors'
// pages, member by member in their order; only the time is masked.
func TestDocumentedAnswers(t *testing.T) {
	nameless := `{"name":"","provider":"AWS","credentialId":"550e8400-e29b-41d4-a716-446655440000",` +
		`"config":{"securityGroupId":"sg-0123456789abcdef0","region":"us-east-1"}}`
	wrongMail := `{"organizationName":"Acme","email":"ann","password":"long enough"}`

	documented := map[string][]struct {
		question
		body string
	}{
		"entryguard": {
			{
				send(`{"organizationName":"","email":"invalid-email","password":"short"}`, is(400)),
				`{"timestamp":"TIME","status":400,"error":"Bad Request","message":"Validation failed","path":"/api/v1/auth/register",` +
					`"validationErrors":{"organizationName":"must not be blank","email":"must be a well-formed email address","password":"size must be between 8 and 128"}}`,
			},
			{
				send(`{"organizationName":"Acme","email":"","password":"short"}`, is(400)),
				`{"timestamp":"TIME","status":400,"error":"Bad Request","message":"Validation failed","path":"/api/v1/auth/register",` +
					`"validationErrors":{"email":"must not be blank","password":"size must be between 8 and 128"}}`,
			},
			{
				get("/api/v1/sessions", is(401)),
				`{"timestamp":"TIME","status":401,"error":"Unauthorized","message":"Full authentication is required to access this resource","path":"/api/v1/sessions"}`,
			},
			{
				get("/api/v1/sessions", is(401), "Authorization: Bearer expired-token"),
				`{"timestamp":"TIME","status":401,"error":"Unauthorized","message":"Token has expired","path":"/api/v1/sessions"}`,
			},
			{
				get("/api/v1/users", is(403), user[0]),
				`{"timestamp":"TIME","status":403,"error":"Forbidden","message":"Access denied. Administrator privileges required.","path":"/api/v1/users"}`,
			},
			{
				get("/api/v1/credentials", is(403), readonly),
				`{"timestamp":"TIME","status":403,"error":"Forbidden","message":"API key does not have access to this resource","path":"/api/v1/credentials"}`,
			},
			{
				get(unknown, is(404), user[0]),
				`{"timestamp":"TIME","status":404,"error":"Not Found","message":"Resource not found","path":"` + unknown + `"}`,
			},
			{
				get("/api/v1/faults/leak", is(500)),
				`{"timestamp":"TIME","status":500,"error":"Internal Server Error","message":"An unexpected error occurred. Please try again later.","path":"/api/v1/faults/leak"}`,
			},
			{
				get("/api/v1/faults/rate_limited", is(429)),
				`{"timestamp":"TIME","status":429,"error":"Too Many Requests","message":"Rate limit exceeded. Please try again later.","path":"/api/v1/faults/rate_limited"}`,
			},
			{
				post("/api/v1/resources", resource, is(201), user[0]),
				`{"id":"123e4567-e89b-12d3-a456-426614174000","name":"Production Database","provider":"AWS","createdAt":"TIME"}`,
			},
			{ask("DELETE", known, is(204), user[0]), ""},
			{get("/healthz", is(200)), `{"status":"ok"}`},
			{post("/api/v1/auth/refresh", `{"refreshToken":"refresh-demo"}`, is(200)), `{"accessToken":"user-token","refreshToken":"refresh-demo"}`},
			{get(known, is(200), user[0]), `{"id":"550e8400-e29b-41d4-a716-446655440000","name":"Production Database","provider":"AWS","status":"ACTIVE"}`},
		},
		"enpass": {
			{get("/api/v1/faults/leak", is(500)), `{"error":true,"code":"unknown_error","description":"Something went wrong"}`},
		},
		"enkryptify": {
			{post("/api/v1/resources", nameless, is(400), user[0]), `{"message":"name: String must contain at least 1 character(s)"}`},
			{get("/api/v1/sessions", is(401)), `{"message":"Invalid or expired token"}`},
			{get("/api/v1/faults/forbidden", is(403)), `{"message":"Insufficient permissions"}`},
		},
		"authrim": {
			{send("{", is(400)), `{"error":"invalid_request","error_description":"Invalid JSON in request body"}`},
			{
				send(wrongMail, is(422)),
				`{"error":"validation_error","error_description":"Invalid input data","details":{"email":"Please enter a valid email address"}}`,
			},
			{get("/api/v1/sessions", is(401)), `{"error":"unauthorized","error_description":"Authentication token is invalid or expired"}`},
			{get("/api/v1/faults/forbidden", is(403)), `{"error":"forbidden","error_description":"You do not have permission to perform this operation"}`},
			{get("/api/v1/faults/leak", is(500)), `{"error":"internal_error","error_description":"An internal error occurred. Please try again later."}`},
			{
				post("/api/v1/auth/register", wrongMail, is(422), "X-Debug: true"),
				`{"error":"validation_error","error_description":"Invalid input data","details":{"email":"Please enter a valid email address"},` +
					`"debug":{"stack_trace":"STACK","request_body":{"organizationName":"Acme","email":"ann","password":"[REDACTED]"},"timestamp":"TIME"}}`,
			},
		},
		"scaivault": {
			{
				get("/api/v1/sessions", is(401)),
				`{"error":{"code":"authentication_required","message":"Missing Authorization header","request_id":"ID"}}`,
			},
		},
		"rfc9457": {
			{
				get("/api/v1/nope", is(404)),
				`{"type":"about:blank","title":"Not Found","status":404,"detail":"Resource not found","code":"not_found","request_id":"ID"}`,
			},
		},
	}
	for _, style := range styles {
		t.Run(style.Name, func(t *testing.T) {
			t.Parallel()
			cases := documented[style.Name]
			if len(cases) == 0 {
				t.Fatalf("%s has no documented answers", style.Name)
			}
			servers := startAll(t, "-style", style.Name, "-debug")
			for _, c := range cases {
				for i, got := range askAll(servers, c.call) {
					check(t, servers[i].name, style, c.question, got)
					if len(got) == 1 && got[0].body != c.body {
						t.Errorf("%s: %s says\n%s\nwant\n%s", c.name, servers[i].name, got[0].body, c.body)
					}
				}
			}
		})
	}
}

// TestDebugBlockNeedsBothLocks: the flag, and a caller on this machine who asks.
func TestDebugBlockNeedsBothLocks(t *testing.T) {
	invalid := post("/api/v1/auth/register", "{}", fails(problem.Validation)).call
	asking, forwarded, twice := invalid, invalid, invalid
	asking.header = []string{jsonType, "X-Debug: true"}
	forwarded.header = []string{jsonType, "X-Debug: true", "X-Forwarded-For: 127.0.0.1"}
	twice.header = []string{jsonType, "X-Debug: true", "X-Debug: true"}
	for _, c := range []struct {
		name  string
		flags []string
		call
		want bool
	}{
		{"no flag, no header", nil, invalid, false},
		{"no flag", nil, asking, false},
		{"no header", []string{"-debug"}, invalid, false},
		{"forwarded", []string{"-debug"}, forwarded, false},
		{"asked twice", []string{"-debug"}, twice, false},
		{"both", []string{"-debug"}, asking, true},
	} {
		servers := startAll(t, append(c.flags, "-style", "authrim")...)
		for i, got := range askAll(servers, c.call) {
			if len(got) != 1 || debugForm.MatchString(got[0].body) != c.want {
				t.Errorf("%s: %s answers %v, want a debug block: %t", c.name, servers[i].name, got, c.want)
			}
		}
	}
}
