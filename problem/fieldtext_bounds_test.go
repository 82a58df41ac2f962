package problem_test

import (
	"testing"

	"github.com/backstop-go/backstop/problem"
)

func TestLengths(t *testing.T) {
	fact := func(want problem.Type, rule, param, lo, hi string) field {
		return field{Want: want, Rule: rule, Param: param, Min: lo, Max: hi}
	}
	const s, list, dict, raw = problem.TypeString, problem.TypeArray, problem.TypeMap, problem.TypeBytes
	checkAll(t, []wording{
		{fact(s, "min", "8", "8", "128"), "must be between 8 and 128 characters", "size must be between 8 and 128", "String must contain at least 8 character(s)", ""},
		{fact(s, "max", "128", "8", "128"), "must be between 8 and 128 characters", "size must be between 8 and 128", "String must contain at most 128 character(s)", ""},
		{fact(s, "gte", "2", "2", ""), "must be at least 2 characters", "size must be between 2 and 2147483647", "String must contain at least 2 character(s)", ""},
		{fact(s, "min", "1", "1", ""), "must be at least 1 character", "size must be between 1 and 2147483647", "String must contain at least 1 character(s)", ""},
		{fact(s, "lte", "1", "", "1"), "must be at most 1 character", "size must be between 0 and 1", "String must contain at most 1 character(s)", ""},
		{fact(s, "gt", "3", "4", ""), "must be at least 4 characters", "size must be between 4 and 2147483647", "String must contain over 3 character(s)", ""},
		{fact(s, "lt", "3", "", "2"), "must be at most 2 characters", "size must be between 0 and 2", "String must contain under 3 character(s)", ""},
		{fact(s, "len", "6", "6", "6"), "must be exactly 6 characters", "size must be between 6 and 6", "String must contain exactly 6 character(s)", ""},
		{fact(s, "len", "1", "1", "1"), "must be exactly 1 character", "size must be between 1 and 1", "String must contain exactly 1 character(s)", ""},
		{fact(problem.TypeText, "max", "9", "", "9"), "must be at most 9 characters", "size must be between 0 and 9", "String must contain at most 9 character(s)", ""},
		{fact(list, "min", "2", "2", "10"), "must have between 2 and 10 items", "size must be between 2 and 10", "Array must contain at least 2 element(s)", ""},
		{fact(list, "max", "10", "", "10"), "must have at most 10 items", "size must be between 0 and 10", "Array must contain at most 10 element(s)", ""},
		{fact(list, "min", "1", "1", ""), "must have at least 1 item", "must not be empty", "Array must contain at least 1 element(s)", ""},
		{fact(list, "gt", "0", "1", ""), "must have at least 1 item", "must not be empty", "Array must contain more than 0 element(s)", ""},
		{fact(list, "lt", "3", "", "2"), "must have at most 2 items", "size must be between 0 and 2", "Array must contain less than 3 element(s)", ""},
		{fact(list, "len", "3", "3", "3"), "must have exactly 3 items", "size must be between 3 and 3", "Array must contain exactly 3 element(s)", ""},
		{fact(dict, "max", "20", "", "20"), "must have at most 20 entries", "size must be between 0 and 20", "Invalid input", ""},
		{fact(dict, "min", "1", "1", ""), "must have at least 1 entry", "must not be empty", "Invalid input", ""},
		{fact(dict, "len", "2", "2", "2"), "must have exactly 2 entries", "size must be between 2 and 2", "Invalid input", ""},
		{fact(raw, "max", "16", "", "16"), "must be at most 16 bytes", "size must be between 0 and 16", "Invalid input", ""},
		{fact(raw, "min", "1", "1", ""), "must be at least 1 byte", "must not be empty", "Invalid input", ""},
		{fact(raw, "gt", "1", "2", "4"), "must be between 2 and 4 bytes", "size must be between 2 and 4", "Invalid input", ""},
		// An application may set only Param.
		{fact(s, "min", "8", "", ""), "must be at least 8 characters", "size must be between 8 and 2147483647", "String must contain at least 8 character(s)", ""},
		{fact(s, "gte", "8", "", ""), "must be at least 8 characters", "size must be between 8 and 2147483647", "String must contain at least 8 character(s)", ""},
		{fact(s, "lte", "8", "", ""), "must be at most 8 characters", "size must be between 0 and 8", "String must contain at most 8 character(s)", ""},
		{fact(s, "max", "8", "", ""), "must be at most 8 characters", "size must be between 0 and 8", "String must contain at most 8 character(s)", ""},
		{fact(s, "len", "8", "", ""), "must be exactly 8 characters", "size must be between 8 and 8", "String must contain exactly 8 character(s)", ""},
	})
}

func TestNumbers(t *testing.T) {
	for _, want := range []problem.Type{problem.TypeInteger, problem.TypeNumber} {
		fact := func(rule, param, lo, hi string) field {
			return field{Want: want, Rule: rule, Param: param, Min: lo, Max: hi}
		}
		checkAll(t, []wording{
			{fact("min", "1", "1", ""), "must be at least 1", "must be greater than or equal to 1", "Number must be greater than or equal to 1", ""},
			{fact("gte", "1.5", "1.5", "9"), "must be between 1.5 and 9", "must be greater than or equal to 1.5", "Number must be greater than or equal to 1.5", ""},
			{fact("max", "100000", "", "100000"), "must be at most 100000", "must be less than or equal to 100000", "Number must be less than or equal to 100000", ""},
			{fact("lte", "9", "-1", "9"), "must be between -1 and 9", "must be less than or equal to 9", "Number must be less than or equal to 9", ""},
			{fact("gt", "0", "", "9"), "must be greater than 0", "must be greater than 0", "Number must be greater than 0", ""},
			{fact("lt", "9", "0", ""), "must be less than 9", "must be less than 9", "Number must be less than 9", ""},
			{fact("len", "7", "", ""), "must be 7", "must be equal to 7", "Invalid literal value, expected 7", ""},
		})
	}
}

func TestTimes(t *testing.T) {
	rule := func(rule string) field { return field{Want: problem.TypeTime, Rule: rule, Param: "now"} }
	checkAll(t, []wording{
		{rule("gte"), "must not be in the past", "must be a date in the present or in the future", "Invalid date", ""},
		{rule("min"), "must not be in the past", "must be a date in the present or in the future", "Invalid date", ""},
		{rule("gt"), "must be in the future", "must be a future date", "Invalid date", ""},
		{rule("lte"), "must not be in the future", "must be a date in the past or in the present", "Invalid date", ""},
		{rule("max"), "must not be in the future", "must be a date in the past or in the present", "Invalid date", ""},
		{rule("lt"), "must be in the past", "must be a past date", "Invalid date", ""},
	})
}

func TestDurations(t *testing.T) {
	fact := func(rule, param, lo, hi string) field {
		return field{Want: problem.TypeDuration, Rule: rule, Param: param, Min: lo, Max: hi}
	}
	checkAll(t, []wording{
		{fact("min", "1s", "1s", "1h"), "must be between 1 second and 1 hour", "must be longer than or equal to 1 second", "Number must be greater than or equal to 1000000000", ""},
		{fact("max", "1h", "1s", "1h"), "must be between 1 second and 1 hour", "must be shorter than or equal to 1 hour", "Number must be less than or equal to 3600000000000", ""},
		{fact("gte", "90s", "90s", ""), "must be at least 1 minute 30 seconds", "must be longer than or equal to 1 minute 30 seconds", "Number must be greater than or equal to 90000000000", ""},
		{fact("lte", "26h", "", "26h"), "must be at most 1 day 2 hours", "must be shorter than or equal to 1 day 2 hours", "Number must be less than or equal to 93600000000000", ""},
		{fact("gt", "0s", "", ""), "must be more than 0 seconds", "must be longer than 0", "Number must be greater than 0", ""},
		{fact("lt", "48h", "", ""), "must be less than 2 days", "must be shorter than 2 days", "Number must be less than 172800000000000", ""},
		{fact("min", "1001", "", ""), "must be at least 1001 nanoseconds", "must be longer than or equal to 1001 nanos", "Number must be greater than or equal to 1001", ""},
		{fact("min", "1ms1ns", "", ""), "must be at least 1 millisecond 1 nanosecond", "must be longer than or equal to 1 milli 1 nano", "Number must be greater than or equal to 1000001", ""},
		{fact("max", "2ms", "", ""), "must be at most 2 milliseconds", "must be shorter than or equal to 2 millis", "Number must be less than or equal to 2000000", ""},
		{fact("min", "-1h30m", "", ""), "must be at least -1 hour 30 minutes", "must be longer than or equal to -1 hour 30 minutes", "Number must be greater than or equal to -5400000000000", ""},
		{fact("max", "-2562047h47m16.854775808s", "", ""), "must be at most -106751 days 23 hours 47 minutes 16 seconds 854 milliseconds 775807 nanoseconds", "must be shorter than or equal to -106751 days 23 hours 47 minutes 16 seconds 854 millis 775807 nanos", "Number must be less than or equal to -9223372036854775808", ""},
		{fact("lt", "10", "", ""), "must be less than 10 nanoseconds", "must be shorter than 10 nanos", "Number must be less than 10", ""},
		{fact("lt", "soon", "", ""), "must be less than soon", "must be shorter than soon", "Number must be less than soon", ""},
		{field{In: problem.InQuery, Want: problem.TypeDuration, Rule: "min", Param: "1s"}, "must be at least 1 second", "must be longer than or equal to 1 second", "Invalid duration", ""},
	})
}
