package problem

import (
	"cmp"
	"math"
	"strconv"
	"time"
)

// boundText returns the text for min, max, gte, lte, gt, lt and len. What they measure
// depends on the type: runes, items, entries, bytes, a number, a duration, or a time
// compared with now.
func boundText(f FieldError) string {
	switch f.Want {
	case TypeString, TypeUUID, TypeIP, TypePrefix, TypeText:
		return lengthText(f, "must be ", "character", "characters")
	case TypeBytes:
		return lengthText(f, "must be ", "byte", "bytes")
	case TypeArray:
		return lengthText(f, "must have ", "item", "items")
	case TypeMap:
		return lengthText(f, "must have ", "entry", "entries")
	case TypeTime:
		return timeText(f.Rule)
	case TypeDuration:
		return durationText(f)
	}
	return numberText(f)
}

// lengthText names both bounds of a length, so that the next attempt can keep both.
func lengthText(f FieldError, verb, one, many string) string {
	lo, hi := f.Min, f.Max
	switch f.Rule {
	case "len", "eq":
		lo, hi = f.Param, f.Param
	case "min", "gte":
		lo = cmp.Or(lo, f.Param)
	case "max", "lte":
		hi = cmp.Or(hi, f.Param)
	}
	last, words := hi, "between "+lo+" and "
	switch {
	case lo == "" && hi == "":
		return notValid
	case lo == hi:
		words = "exactly "
	case hi == "":
		last, words = lo, "at least "
	case lo == "":
		words = "at most "
	}
	unit := many
	if last == "1" {
		unit = one
	}
	return verb + words + last + " " + unit
}

func numberText(f FieldError) string {
	switch f.Rule {
	case "gt":
		return "must be greater than " + f.Param
	case "lt":
		return "must be less than " + f.Param
	case "len":
		return "must be " + f.Param
	}
	if f.Min != "" && f.Max != "" {
		return "must be between " + f.Min + " and " + f.Max
	}
	if f.Rule == "min" || f.Rule == "gte" {
		return "must be at least " + cmp.Or(f.Param, f.Min)
	}
	return "must be at most " + cmp.Or(f.Param, f.Max)
}

// timeText returns the text for the comparison of a time with now.
func timeText(rule string) string {
	switch rule {
	case "min", "gte":
		return "must not be in the past"
	case "gt":
		return "must be in the future"
	case "max", "lte":
		return "must not be in the future"
	case "lt":
		return "must be in the past"
	}
	return notValid
}

func durationText(f FieldError) string {
	f.Param, f.Min, f.Max = durationWords(f.Param), durationWords(f.Min), durationWords(f.Max)
	if f.Rule == "gt" {
		return "must be more than " + f.Param
	}
	return numberText(f)
}

// durationUnits are named from the largest to the smallest.
var durationUnits = [...]struct {
	size time.Duration
	name string
}{
	{24 * time.Hour, "day"},
	{time.Hour, "hour"},
	{time.Minute, "minute"},
	{time.Second, "second"},
	{time.Millisecond, "millisecond"},
	{time.Nanosecond, "nanosecond"},
}

// durationWords spells a bound from a tag, "1m30s" or a number of nanoseconds, as "1
// minute 30 seconds". It returns any other text unchanged.
func durationWords(param string) string {
	d, err := time.ParseDuration(param)
	if err != nil {
		n, err := strconv.ParseInt(param, 10, 64)
		if err != nil {
			return param
		}
		d = time.Duration(n)
	}
	if d == 0 {
		return "0 seconds"
	}
	var b []byte
	if d < 0 {
		b, d = append(b, '-'), -max(d, -math.MaxInt64)
	}
	for _, unit := range durationUnits {
		n := d / unit.size
		if n == 0 {
			continue
		}
		d -= n * unit.size
		if len(b) > 1 {
			b = append(b, ' ')
		}
		b = strconv.AppendInt(b, int64(n), 10)
		b = append(append(b, ' '), unit.name...)
		if n > 1 {
			b = append(b, 's')
		}
	}
	return string(b)
}
