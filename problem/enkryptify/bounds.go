package enkryptify

import (
	"strconv"
	"time"

	"github.com/backstop-go/backstop/problem"
)

// boundText words the bound that failed. Like Zod, it does not mention the other bound.
func boundText(f problem.FieldError) string {
	if f.Param == "" {
		return invalidInput
	}
	switch f.Want {
	case problem.TypeString, problem.TypeUUID, problem.TypeIP, problem.TypePrefix, problem.TypeText:
		return "String must contain " + how(f.Rule, "over", "under") + f.Param + " character(s)"
	case problem.TypeArray:
		return "Array must contain " + how(f.Rule, "more than", "less than") + f.Param + " element(s)"
	case problem.TypeMap, problem.TypeBytes:
		return invalidInput
	case problem.TypeTime:
		return "Invalid date"
	case problem.TypeDuration:
		// In a body a duration is a number of nanoseconds, elsewhere a text such as "5s".
		if f.In != problem.InBody {
			return "Invalid duration"
		}
		f.Param = nanoseconds(f.Param)
	}
	switch f.Rule {
	case "min", "gte":
		return "Number must be greater than or equal to " + f.Param
	case "max", "lte":
		return "Number must be less than or equal to " + f.Param
	case "gt":
		return "Number must be greater than " + f.Param
	case "lt":
		return "Number must be less than " + f.Param
	}
	return "Invalid literal value, expected " + f.Param
}

// how returns the words before the number in a bound on a length. The words for the
// rules gt and lt are given.
func how(rule, gt, lt string) string {
	switch rule {
	case "min", "gte":
		return "at least "
	case "max", "lte":
		return "at most "
	case "gt":
		return gt + " "
	case "lt":
		return lt + " "
	}
	return "exactly "
}

func nanoseconds(param string) string {
	d, err := time.ParseDuration(param)
	if err != nil {
		return param
	}
	return strconv.FormatInt(d.Nanoseconds(), 10)
}
