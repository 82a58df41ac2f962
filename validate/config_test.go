package validate_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/go-playground/validator/v10"

	"github.com/backstop-go/backstop/validate"
)

func TestLaterChangesToTheConfigChangeNothing(t *testing.T) {
	cfg := validate.Config{
		Rules:      map[string]validate.Rule{"odd": {Check: func(context.Context, validator.FieldLevel) bool { return false }, Text: "before"}},
		Aliases:    map[string]string{"short": "max=1"},
		MediaTypes: []string{"application/json"},
	}
	v, err := validate.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	cfg.Rules["odd"], cfg.Aliases["short"], cfg.MediaTypes[0] = validate.Rule{}, "max=9", "text/plain"
	_, err = validate.Decode[struct {
		A string `json:"a" validate:"odd"`
		B string `json:"b" validate:"short"`
	}](v, nil, post(`{"a":"a","b":"bb"}`))
	if outcome(err) != "V(a odd, b max)" || fields(t, err)[0].Message != "before" {
		t.Errorf("Decode = %s, want the rules, texts and aliases of construction", outcome(err))
	}
}

func TestNewJoinsAllFaults(t *testing.T) {
	yes := func(context.Context, validator.FieldLevel) bool { return true }
	_, err := validate.New(validate.Config{
		MaxBody:     -1,
		MaxDepth:    10_001,
		MaxElements: -1,
		MaxTokens:   -1,
		MaxValue:    -1,
		MaxErrors:   101,
		MaxParams:   -1,
		ReadTimeout: -1,
		MediaTypes:  []string{"json", "application/json; charset=utf-8", "application/*+json"},
		Rules:       map[string]validate.Rule{"email": {Check: yes}, "none": {}, "a=b": {Check: yes}, "mine": {Check: yes}, "": {Check: yes}},
		Aliases:     map[string]string{"a": "b,min=1", "b": "email|a", "mine": "min=1", "required": "min=1", "c|d": "min=1"},
	})
	if err == nil {
		t.Fatal("New of a bad Config = nil error")
	}
	var got []string
	for line := range strings.SplitSeq(err.Error(), "\n") {
		got = append(got, strings.TrimPrefix(line, "validate: "))
	}
	want := []string{
		"MaxBody of -1 is negative",
		"MaxDepth of 10001 is more than 10000",
		"MaxElements of -1 is negative",
		"MaxTokens of -1 is negative",
		"MaxValue of -1 is negative",
		"MaxErrors of 101 is more than 100",
		"MaxParams of -1 is negative",
		"ReadTimeout of -1ns is negative",
		`media type "json" is not of the form type/subtype`,
		`media type "application/json; charset=utf-8" is not of the form type/subtype`,
		`rule "" is not a valid name`,
		`rule "a=b" is not a valid name`,
		`rule "email" is the name of a built-in rule`,
		`rule "none" has no Check`,
		`alias "a" contains itself`,
		`alias "b" contains itself`,
		`alias "c|d" is not a valid name`,
		`alias "mine" is the name of a rule`,
		`alias "required" is the name of a rule`,
	}
	if !slices.Equal(got, want) {
		t.Errorf("New says\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}
