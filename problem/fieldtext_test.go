package problem_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/backstop-go/backstop/problem"
	"github.com/backstop-go/backstop/problem/authrim"
	"github.com/backstop-go/backstop/problem/enkryptify"
	"github.com/backstop-go/backstop/problem/entryguard"
)

type field = problem.FieldError

// wording is a field error with its sentences in four dialects. A field without a path gets
// the path "name". If the sentence of Authrim is empty, it is "Name " and the text of
// problem.FieldText.
type wording struct {
	facts                    field
	neutral, bean, zod, full string
}

func (w wording) check(t *testing.T) {
	t.Helper()
	f := w.facts
	if f.Path == nil {
		f.Path = problem.Path{"name"}
	}
	if w.full == "" {
		w.full = "Name " + w.neutral
	}
	for _, dialect := range []struct {
		name string
		text func(field) string
		want string
	}{
		{"problem", problem.FieldText, w.neutral},
		{"entryguard", entryguard.FieldText, w.bean},
		{"enkryptify", enkryptify.FieldText, w.zod},
		{"authrim", authrim.FieldText, w.full},
	} {
		if got := dialect.text(f); got != dialect.want {
			t.Errorf("%s.FieldText(%s) = %q, want %q", dialect.name, describe(f), got, dialect.want)
		}
	}
}

// describe prints the facts that are set.
func describe(f field) string {
	facts := fmt.Sprintf("%s=%s want %d got %d min %q max %q presence %d", f.Rule, f.Param, f.Want, f.Got, f.Min, f.Max, f.Presence)
	return strings.TrimSpace(fmt.Sprintf("%s in %d oneof %q key %t", facts, f.In, f.OneOf, f.Key))
}

func checkAll(t *testing.T, book []wording) {
	t.Helper()
	for _, w := range book {
		w.check(t)
	}
}

func TestDecodeRules(t *testing.T) {
	ab := []string{"a", "b"}
	rule := func(rule string, want, got problem.Type) field { return field{Rule: rule, Want: want, Got: got} }
	checkAll(t, []wording{
		{rule("type", problem.TypeString, problem.TypeInteger), "must be a string", "must be a string", "Expected string, received number", "Name must be text"},
		{rule("type", problem.TypeString, problem.TypeFloat), "must be a string", "must be a string", "Expected string, received number", "Name must be text"},
		{rule("type", problem.TypeBytes, problem.TypeArray), "must be a string", "must be a string", "Expected string, received array", "Name must be text"},
		{rule("type", problem.TypeTime, problem.TypeInteger), "must be a string", "must be a string", "Expected string, received number", "Name must be text"},
		{rule("type", problem.TypeUUID, problem.TypeObject), "must be a string", "must be a string", "Expected string, received object", "Name must be text"},
		{rule("type", problem.TypeIP, problem.TypeBoolean), "must be a string", "must be a string", "Expected string, received boolean", "Name must be text"},
		{rule("type", problem.TypePrefix, problem.TypeBoolean), "must be a string", "must be a string", "Expected string, received boolean", "Name must be text"},
		{rule("type", problem.TypeText, problem.TypeBoolean), "must be a string", "must be a string", "Expected string, received boolean", "Name must be text"},
		{field{Rule: "type", Want: problem.TypeString, Got: problem.TypeInteger, OneOf: ab}, "must be a string", "must be a string", "Expected 'a' | 'b', received number", "Name must be text"},
		{rule("type", problem.TypeInteger, problem.TypeFloat), "must be an integer", "must be an integer", "Expected integer, received float", "Name must be a whole number"},
		{rule("type", problem.TypeInteger, problem.TypeString), "must be an integer", "must be an integer", "Expected number, received string", "Name must be a whole number"},
		{rule("type", problem.TypeDuration, problem.TypeString), "must be an integer", "must be an integer", "Expected number, received string", "Name must be a whole number"},
		{rule("type", problem.TypeNumber, problem.TypeString), "must be a number", "must be a number", "Expected number, received string", ""},
		{rule("type", problem.TypeBoolean, problem.TypeString), "must be true or false", "must be true or false", "Expected boolean, received string", ""},
		{rule("type", problem.TypeArray, problem.TypeObject), "must be an array", "must be an array", "Expected array, received object", "Name must be a list"},
		{rule("type", problem.TypeObject, problem.TypeArray), "must be an object", "must be an object", "Expected object, received array", ""},
		{rule("type", problem.TypeMap, problem.TypeString), "must be an object", "must be an object", "Expected object, received string", ""},
		{rule("type", problem.TypeAny, problem.TypeString), "is not valid", "is invalid", "Invalid input", ""},
		{rule("type", problem.TypeString, problem.TypeUnknown), "must be a string", "must be a string", "Invalid input", "Name must be text"},
		{field{Rule: "range", Want: problem.TypeInteger, Max: "127"}, "must be at most 127", "must be less than or equal to 127", "Number must be less than or equal to 127", ""},
		{field{Rule: "range", Want: problem.TypeInteger, Min: "-128"}, "must be at least -128", "must be greater than or equal to -128", "Number must be greater than or equal to -128", ""},
		{field{Rule: "range", Want: problem.TypeNumber}, "is out of range", "numeric value out of bounds", "Number must be finite", ""},
		{rule("format", problem.TypeTime, 0), "must be a valid date and time", "must be a valid date/time", "Invalid datetime", "Please enter a valid date and time"},
		{rule("format", problem.TypeDuration, 0), "must be a valid duration", "must be a valid duration", "Invalid duration", "Please enter a valid duration"},
		{rule("format", problem.TypeBytes, 0), "must be a valid Base64 string", "must be a valid Base64 string", "Invalid base64", "Please enter a valid Base64 string"},
		{rule("format", problem.TypeUUID, 0), "must be a valid UUID", "must be a valid UUID", "Invalid uuid", "Please enter a valid UUID"},
		{rule("format", problem.TypeIP, 0), "must be a valid IP address", "invalid IP address", "Invalid ip", "Please enter a valid IP address"},
		{rule("format", problem.TypePrefix, 0), "must be a valid CIDR range", "must be a valid CIDR range", "Invalid cidr", "Please enter a valid CIDR range"},
		{rule("format", problem.TypeText, 0), "is not valid", "is invalid", "Invalid input", ""},
		{rule("null", problem.TypeObject, problem.TypeNull), "must not be null", "must not be null", "Expected object, received null", ""},
		{rule("null", problem.TypeInteger, problem.TypeNull), "must not be null", "must not be null", "Expected number, received null", ""},
		{field{Rule: "unknown", Path: problem.Path{"a", "X y"}}, "is not a known field", "unknown field", "Unrecognized key(s) in object: 'X y'", "X y is not a known field"},
		{
			field{Rule: "unknown", Path: problem.Path{"Email"}, Param: "email"},
			"is not a known field, did you mean email?", "unknown field",
			"Unrecognized key(s) in object: 'Email'", "Email is not a known field, did you mean email?",
		},
		{rule("repeat", problem.TypeInteger, 0), "must not be repeated", "must not be repeated", "Expected number, received array", ""},
		{rule("repeat", problem.TypeString, 0), "must not be repeated", "must not be repeated", "Expected string, received array", ""},
		{rule("encoding", problem.TypeString, 0), "must be valid UTF-8 text", "must be valid text", "Invalid input", "Name must be valid text"},
	})
}

func TestPresence(t *testing.T) {
	required := []string{
		"required", "required_if", "required_unless", "required_with", "required_with_all", "required_without", "required_without_all",
	}
	for _, rule := range required {
		fact := func(want problem.Type, presence problem.Presence) field {
			return field{Rule: rule, Want: want, Presence: presence}
		}
		bounded := fact(problem.TypeString, problem.Zero)
		bounded.Min, bounded.Max = "8", "128"
		single := fact(problem.TypeString, problem.Zero)
		single.OneOf = []string{"a"}
		enum := fact(problem.TypeString, problem.Zero)
		enum.OneOf = []string{"a", "b"}
		checkAll(t, []wording{
			{fact(problem.TypeString, problem.Absent), "is required", "must not be blank", "Required", ""},
			{fact(problem.TypeString, problem.PresenceUnknown), "is required", "must not be blank", "Required", ""},
			{fact(problem.TypeString, problem.Null), "is required", "must not be blank", "Expected string, received null", ""},
			{fact(problem.TypeString, problem.Zero), "must not be empty", "must not be blank", "String must contain at least 1 character(s)", "Name is required"},
			{bounded, "must not be empty", "must not be blank", "String must contain at least 8 character(s)", "Name is required"},
			{single, "must not be empty", "must not be blank", "Invalid enum value. Expected 'a'", "Name is required"},
			{enum, "must not be empty", "must not be blank", "Invalid enum value. Expected 'a' | 'b'", "Name is required"},
			{fact(problem.TypeInteger, problem.Zero), "must not be 0", "must not be 0", "Invalid input", ""},
			{fact(problem.TypeNumber, problem.Zero), "must not be 0", "must not be 0", "Invalid input", ""},
			{fact(problem.TypeBoolean, problem.Zero), "must be true", "must be true", "Invalid literal value, expected true", ""},
			{fact(problem.TypeTime, problem.Zero), "is not valid", "is invalid", "Invalid date", ""},
			{fact(problem.TypeAny, problem.Null), "is required", "must not be null", "Required", ""},
			{fact(problem.TypeArray, problem.Null), "is required", "must not be null", "Expected array, received null", ""},
			{fact(problem.TypeInteger, problem.Null), "is required", "must not be null", "Expected number, received null", ""},
			{fact(problem.TypeTime, problem.Null), "is required", "must not be null", "Expected string, received null", ""},
		})
		for _, want := range []problem.Type{
			problem.TypeArray, problem.TypeMap, problem.TypeObject, problem.TypeInteger, problem.TypeNumber, problem.TypeBoolean, problem.TypeTime,
		} {
			checkAll(t, []wording{
				{fact(want, problem.Absent), "is required", "must not be null", "Required", ""},
				{fact(want, problem.PresenceUnknown), "is required", "must not be null", "Required", ""},
			})
		}
	}
	blank := func(p problem.Presence) field {
		return field{Rule: "notblank", Want: problem.TypeString, Presence: p, Min: "3"}
	}
	checkAll(t, []wording{
		{blank(problem.Absent), "is required", "must not be blank", "Required", ""},
		{blank(problem.Null), "is required", "must not be blank", "Expected string, received null", ""},
		{blank(problem.Zero), "must not be empty", "must not be blank", "String must contain at least 3 character(s)", "Name is required"},
		{blank(problem.Present), "must not be blank", "must not be blank", "String must contain at least 1 character(s)", ""},
	})
	for _, rule := range []string{
		"excluded_if", "excluded_unless", "excluded_with", "excluded_with_all", "excluded_without", "excluded_without_all", "isdefault",
	} {
		wording{field{Rule: rule}, "must not be set", "must be null", "Invalid input", ""}.check(t)
	}
}

func TestComparisons(t *testing.T) {
	fact := func(rule, param string, want problem.Type) field { return field{Rule: rule, Param: param, Want: want} }
	const s, n, b, d = problem.TypeString, problem.TypeInteger, problem.TypeBoolean, problem.TypeTime
	ab := []string{"a", "b"}
	checkAll(t, []wording{
		{fact("eq", "x", s), "must be x", "must be equal to x", `Invalid literal value, expected "x"`, ""},
		{fact("eq", "3", n), "must be 3", "must be equal to 3", "Invalid literal value, expected 3", ""},
		{fact("eq", "1.5", problem.TypeNumber), "must be 1.5", "must be equal to 1.5", "Invalid literal value, expected 1.5", ""},
		{fact("eq", "true", b), "must be true", "must be true", "Invalid literal value, expected true", ""},
		{fact("eq", "false", b), "must be false", "must be false", "Invalid literal value, expected false", ""},
		{fact("eq", "3", problem.TypeArray), "must have exactly 3 items", "size must be between 3 and 3", "Array must contain exactly 3 element(s)", ""},
		{fact("eq", "1", problem.TypeMap), "must have exactly 1 entry", "size must be between 1 and 1", "Invalid input", ""},
		{fact("eq_ignore_case", "x", s), "must be x", "must be equal to x", "Invalid input", ""},
		{fact("ne", "x", s), "must not be x", "must not be equal to x", "Invalid input", ""},
		{fact("ne_ignore_case", "x", s), "must not be x", "must not be equal to x", "Invalid input", ""},
		{fact("ne", "3", problem.TypeArray), "is not valid", "is invalid", "Invalid input", ""},
		{fact("ne", "3", problem.TypeMap), "is not valid", "is invalid", "Invalid input", ""},
		{
			field{Rule: "oneof", Want: s, Param: "'light blue' b", OneOf: []string{"light blue", "b"}},
			"must be one of: light blue, b", "must be one of light blue, b", "Invalid enum value. Expected 'light blue' | 'b'", "",
		},
		{field{Rule: "oneof", Want: n, Param: "1 2", OneOf: []string{"1", "2"}}, "must be one of: 1, 2", "must be one of 1, 2", "Invalid input", ""},
		{field{Rule: "oneofci", Want: s, Param: "a b", OneOf: ab}, "must be one of: a, b", "must be one of a, b", "Invalid input", ""},
		{field{Rule: "noneof", Want: s, Param: "a b", OneOf: ab}, "must not be one of: a, b", "must not be one of a, b", "Invalid input", ""},
		{field{Rule: "noneofci", Want: s, Param: "a b", OneOf: ab}, "must not be one of: a, b", "must not be one of a, b", "Invalid input", ""},
		{fact("eqfield", "newPassword", s), "must match newPassword", "must match newPassword", "Invalid input", "Name must match New password"},
		{fact("eqcsfield", "a.userID", s), "must match a.userID", "must match a.userID", "Invalid input", "Name must match User ID"},
		{field{Rule: "eqfield", Param: "pw", Other: "Password"}, "must match pw", "must match pw", "Invalid input", "Name must match Password"},
		{fact("nefield", "x", s), "must be different from x", "must not match x", "Invalid input", "Name must be different from X"},
		{fact("necsfield", "x", s), "must be different from x", "must not match x", "Invalid input", "Name must be different from X"},
		{fact("gtfield", "x", n), "must be greater than x", "must be greater than x", "Invalid input", "Name must be greater than X"},
		{fact("gtcsfield", "x", d), "must be after x", "must be after x", "Invalid input", "Name must be after X"},
		{fact("gtefield", "x", n), "must be at least x", "must be greater than or equal to x", "Invalid input", "Name must be at least X"},
		{fact("gtecsfield", "x", d), "must not be before x", "must not be before x", "Invalid input", "Name must not be before X"},
		{fact("ltfield", "x", n), "must be less than x", "must be less than x", "Invalid input", "Name must be less than X"},
		{fact("ltcsfield", "x", d), "must be before x", "must be before x", "Invalid input", "Name must be before X"},
		{fact("ltefield", "x", n), "must be at most x", "must be less than or equal to x", "Invalid input", "Name must be at most X"},
		{fact("ltecsfield", "x", d), "must not be after x", "must not be after x", "Invalid input", "Name must not be after X"},
		{fact("fieldcontains", "x", s), "must contain x", "must contain x", "Invalid input", "Name must contain X"},
		{fact("fieldexcludes", "x", s), "must not contain x", "must not contain x", "Invalid input", "Name must not contain X"},
	})
}

// A type that is sent as a string is worded like a string. A rule that does not fit a type has
// the text "is not valid".
func TestNeutralTextOfRareTypes(t *testing.T) {
	for want, facts := range map[string][]field{
		"must not be empty": {
			{Rule: "required", Presence: problem.Zero}, {Rule: "notblank", Want: problem.TypeText, Presence: problem.Zero},
		},
		"must not be 0": {{Rule: "required", Want: problem.TypeDuration, Presence: problem.Zero}},
		"must be at most 9 characters": {
			{Rule: "max", Param: "9", Want: problem.TypeUUID}, {Rule: "max", Param: "9", Want: problem.TypeIP}, {Rule: "max", Param: "9", Want: problem.TypePrefix},
		},
		"is not valid": {{Rule: "len", Param: "9", Want: problem.TypeTime}, {Rule: "format", Want: problem.TypeText}, {Rule: "?"}},
	} {
		for _, f := range facts {
			if got := problem.FieldText(f); got != want {
				t.Errorf("FieldText(%s) = %q, want %q", describe(f), got, want)
			}
		}
	}
}

func TestMessagesAndKeys(t *testing.T) {
	key := field{Path: problem.Path{"meta", problem.Key("k")}, Key: true, Rule: "max", Param: "32", Max: "32", Want: problem.TypeString}
	formatted := key
	formatted.Rule = "uuid"
	value := key
	value.Key = false
	checkAll(t, []wording{
		{field{Message: "Try again", Rule: "email"}, "Try again", "Try again", "Try again", "Try again"},
		{field{Message: "is taken", Rule: "email"}, "is taken", "is taken", "is taken", "Name is taken"},
		{field{Message: "ist ungültig"}, "ist ungültig", "ist ungültig", "ist ungültig", "Name ist ungültig"},
		{field{Message: "42 is the answer"}, "42 is the answer", "42 is the answer", "42 is the answer", "42 is the answer"},
		{key, "key must be at most 32 characters", "key size must be between 0 and 32", "String must contain at most 32 character(s)", "Meta key must be at most 32 characters"},
		{value, "must be at most 32 characters", "size must be between 0 and 32", "String must contain at most 32 character(s)", "Meta entry must be at most 32 characters"},
		{formatted, "key must be a valid UUID", "key must be a valid UUID", "Invalid uuid", "Meta key must be a valid UUID"},
		{field{Rule: "is-awesome"}, "is not valid", "is invalid", "Invalid input", ""},
		{field{Rule: "email|e164"}, "is not valid", "is invalid", "Invalid input", ""},
		{field{Rule: "validateFn"}, "is not valid", "is invalid", "Invalid input", ""},
		{field{}, "is not valid", "is invalid", "Invalid input", ""},
		{field{Rule: "oneof", Param: "a b"}, "is not valid", "is invalid", "Invalid input", ""},
		{field{Rule: "max", Want: problem.TypeString}, "is not valid", "is invalid", "Invalid input", ""},
		{field{Rule: "gt", Want: problem.TypeInteger}, "is not valid", "is invalid", "Invalid input", ""},
		{field{Rule: "type"}, "is not valid", "is invalid", "Invalid input", ""},
		{field{Rule: "eqfield", Label: "Repetition"}, "is not valid", "is invalid", "Invalid input", "Repetition is not valid"},
	})
}
