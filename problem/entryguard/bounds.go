package entryguard

import (
	"cmp"
	"strings"

	"github.com/backstop-go/backstop/problem"
)

// boundText has the words of @Size for lengths, of @Min and @Max for numbers, of
// @DurationMin and @DurationMax for durations, and of @Past and @Future for times. Only
// @Size names both bounds.
func boundText(f problem.FieldError) string {
	switch f.Want {
	case problem.TypeString, problem.TypeUUID, problem.TypeIP, problem.TypePrefix, problem.TypeText,
		problem.TypeArray, problem.TypeMap, problem.TypeBytes:
		return sizeText(f)
	case problem.TypeTime:
		return timeText(f.Rule)
	case problem.TypeDuration:
		return durationText(f.Rule, f.Param)
	}
	switch f.Rule {
	case "min", "gte":
		return "must be greater than or equal to " + cmp.Or(f.Param, f.Min)
	case "max", "lte":
		return "must be less than or equal to " + cmp.Or(f.Param, f.Max)
	case "len":
		return "must be equal to " + f.Param
	}
	return "" // problem.FieldText has the right words for gt and lt
}

// sizeText names both bounds of a length. A bound that is missing has the default of
// @Size, which is 0 or the largest int of Java.
func sizeText(f problem.FieldError) string {
	lo, hi := f.Min, f.Max
	switch f.Rule {
	case "len", "eq":
		lo, hi = f.Param, f.Param
	case "min", "gte":
		lo = cmp.Or(lo, f.Param)
	case "max", "lte":
		hi = cmp.Or(hi, f.Param)
	}
	if lo == "" && hi == "" {
		return ""
	}
	isText := f.Want != problem.TypeArray && f.Want != problem.TypeMap && f.Want != problem.TypeBytes
	if lo == "1" && hi == "" && !isText {
		return "must not be empty"
	}
	return "size must be between " + cmp.Or(lo, "0") + " and " + cmp.Or(hi, "2147483647")
}

// timeText returns the text for the comparison of a time with now.
func timeText(rule string) string {
	switch rule {
	case "min", "gte":
		return "must be a date in the present or in the future"
	case "gt":
		return "must be a future date"
	case "max", "lte":
		return "must be a date in the past or in the present"
	case "lt":
		return "must be a past date"
	}
	return ""
}

func durationText(rule, param string) string {
	words := durationWords(param)
	switch rule {
	case "min", "gte":
		return "must be longer than or equal to " + words
	case "gt":
		return "must be longer than " + words
	case "max", "lte":
		return "must be shorter than or equal to " + words
	case "lt":
		return "must be shorter than " + words
	}
	return "must be equal to " + words
}

// beanUnits changes the names of units to those of Hibernate Validator.
var beanUnits = strings.NewReplacer("millisecond", "milli", "nanosecond", "nano")

// durationWords spells a duration as [problem.FieldText] does, but with beanUnits.
func durationWords(param string) string {
	text := problem.FieldText(problem.FieldError{Want: problem.TypeDuration, Rule: "len", Param: param})
	text = strings.TrimPrefix(text, "must be ")
	if text == "0 seconds" {
		return "0"
	}
	return beanUnits.Replace(text)
}
