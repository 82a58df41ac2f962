package authrim_test

import (
	"strings"
	"testing"

	"github.com/backstop-go/backstop/problem"
	"github.com/backstop-go/backstop/problem/authrim"
)

func TestLabels(t *testing.T) {
	member := func(path ...any) problem.FieldError { return problem.FieldError{Path: path} }
	tests := []struct {
		field problem.FieldError
		want  string
	}{
		{member("organizationName"), "Organization name"},
		{member("user_id"), "User ID"},
		{member("userID"), "User ID"},
		{member("redirectURLs"), "Redirect URLs"},
		{member("redirect_urls"), "Redirect URLs"},
		{member("2fa-code"), "2fa code"},
		{member("HTTPServerIDs"), "HTTP server IDs"},
		{member("https"), "HTTPS"},
		{member("id"), "ID"},
		{member("ids"), "IDs"},
		{member("__"), "__"},
		{member("a\xff"), "A\ufffd"},
		{member("dns.name server"), "DNS name server"},
		{member("__x__"), "X"},
		{member("größeÄndern"), "Größe ändern"},
		{member("éta"), "Éta"},
		{member("tags", 0), "Tags item 1"},
		{member("items", 1, "qty"), "Qty"},
		{member("rows", 1, 2), "Rows item 2 item 3"},
		{member("meta", problem.Key("x")), "Meta entry"},
		{problem.FieldError{Path: problem.Path{"meta", problem.Key("x")}, Key: true}, "Meta key"},
		{member(0), "Item 1"},
		{member(problem.Key("x")), "Entry"},
		{problem.FieldError{Path: problem.Path{problem.Key("x")}, Key: true}, "Request body key"},
		{member(), "Request body"},
		{problem.FieldError{In: problem.InHeader, Path: problem.Path{"X-Tenant"}}, "X-Tenant"},
		{problem.FieldError{In: problem.InCookie, Path: problem.Path{"session_id"}}, "session_id"},
		{problem.FieldError{In: problem.InQuery, Path: problem.Path{"page_size"}}, "Page size"},
		{problem.FieldError{Path: problem.Path{"pw"}, Label: "Your password"}, "Your password"},
	}
	for _, test := range tests {
		got, ok := strings.CutSuffix(authrim.FieldText(test.field), " is not valid")
		if !ok || got != test.want {
			t.Errorf("label of %v (key %t) = %q, want %q", test.field.Path, test.field.Key, got, test.want)
		}
	}
}

func TestAcronyms(t *testing.T) {
	const acronyms = "API CIDR DNS HTML HTTP HTTPS ID IP JSON JWT MAC MFA OTP PIN SMS SSH SSL SSO TLS TTL UI URI URL UTC UUID VAT VPN XML"
	for acronym := range strings.FieldsSeq(acronyms) {
		name := strings.ToLower(acronym)
		f := problem.FieldError{Path: problem.Path{name + "_" + acronym + "_x_" + name}, Message: "is bad"}
		want := acronym + " " + acronym + " x " + acronym + " is bad"
		if got := authrim.FieldText(f); got != want {
			t.Errorf("FieldText = %q, want %q", got, want)
		}
	}
}
