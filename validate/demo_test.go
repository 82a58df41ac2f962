package validate_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/backstop-go/backstop/problem"
	"github.com/backstop-go/backstop/validate"
)

type registration struct {
	OrganizationName string `json:"organizationName" validate:"notblank"`
	Email            string `json:"email" validate:"required,email"`
	Password         string `json:"password" validate:"required,min=8,max=128"`
}

type resource struct {
	Name         string `json:"name" validate:"required,min=1,max=100"`
	Provider     string `json:"provider" validate:"required,oneof=AWS GCP AZURE"`
	CredentialID string `json:"credentialId" validate:"required,uuid"`
	Config       struct {
		SecurityGroupID string `json:"securityGroupId" validate:"required"`
		Region          string `json:"region" validate:"required"`
	} `json:"config" validate:"required"`
	Tags []struct {
		Key   string `json:"key" validate:"required,min=1,max=64"`
		Value string `json:"value"`
	} `json:"tags" validate:"max=10,dive"`
}

type search struct {
	Q     string `query:"q" validate:"required,min=2,max=64"`
	Limit int    `query:"limit" default:"20" validate:"min=1,max=100"`
	Sort  string `query:"sort" validate:"omitempty,oneof=name createdAt"`
}

func post(body string) *http.Request {
	r := httptest.NewRequest("POST", "/", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	return r
}

func summary(err error) string {
	e, ok := err.(*problem.Error)
	if !ok {
		if err == nil {
			return "ok"
		}
		return "foreign: " + err.Error()
	}
	var list []string
	for _, f := range e.Fields() {
		list = append(list, string(f.AppendPath(nil, problem.Brackets))+" "+f.Rule)
	}
	if e.Kind() == problem.Validation {
		return "V(" + strings.Join(list, ", ") + ")"
	}
	return e.Kind().String() + " " + e.Message()
}

func TestDecodeOfTheDemo(t *testing.T) {
	for _, tt := range []struct{ body, want string }{
		{`{"organizationName":"a","email":"a@b.co","password":"longenough"}`, "ok"},
		{`{"organizationName":"","email":"invalid-email","password":"short"}`, "V(organizationName notblank, email email, password min)"},
		{`{"organizationName":7,"email":"invalid-email","password":"short"}`, "V(organizationName type, email email, password min)"},
		{`{`, "invalid_request "},
	} {
		_, err := validate.Decode[registration](nil, httptest.NewRecorder(), post(tt.body))
		if got := summary(err); got != tt.want {
			t.Errorf("Decode(%s) = %s, want %s", tt.body, got, tt.want)
		}
	}
	for _, tt := range []struct{ body, want string }{
		{`{"name":"a","provider":"X","credentialId":"1","tags":[{"key":"a"},{"key":""}, 1]}`, "V(provider oneof, credentialId uuid, config required, tags[1].key required, tags[2] type)"},
		{`{"name":"a","provider":"AWS","credentialId":"550e8400-e29b-41d4-a716-446655440000","config":{}}`, "V(config.securityGroupId required, config.region required)"},
	} {
		_, err := validate.Decode[resource](nil, httptest.NewRecorder(), post(tt.body))
		if got := summary(err); got != tt.want {
			t.Errorf("Decode(%s) = %s, want %s", tt.body, got, tt.want)
		}
	}
	for _, tt := range []struct{ query, want string }{
		{"q=abc", "ok"},
		{"q=a&limit=x&sort=y", "V(q min, limit type, sort oneof)"},
		{"limit=0", "V(q required, limit min)"},
	} {
		in, err := validate.Decode[search](nil, httptest.NewRecorder(), httptest.NewRequest("GET", "/?"+tt.query, nil))
		if got := summary(err); got != tt.want {
			t.Errorf("Decode(%s) = %s, want %s", tt.query, got, tt.want)
		}
		if err == nil && in.Limit != 20 {
			t.Errorf("limit = %d, want 20", in.Limit)
		}
	}
}
