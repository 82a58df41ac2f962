package main

import (
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"
)

// printTable writes rows, of which the first one is the head, as a table that
// Markdown reads and a terminal shows in columns.
func printTable(w io.Writer, lines [][]string) {
	widths := make([]int, len(lines[0]))
	for _, line := range lines {
		for i, cell := range line {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	for n, line := range lines {
		for i, cell := range line {
			fmt.Fprint(w, "| ", cell, strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell)+1))
		}
		fmt.Fprintln(w, "|")
		if n == 0 {
			for _, width := range widths {
				fmt.Fprint(w, "|", strings.Repeat("-", width+2))
			}
			fmt.Fprintln(w, "|")
		}
	}
}

// head is the first line of the table of verdicts.
var head = []string{"work", "peer", "ratio", "÷ before", "target", "met", "ns", "peer's", "allocations", "peer's", "bytes", "peer's"}

// line is a verdict as it is printed.
func (v *verdict) line() []string {
	peer := v.peer
	if v.less != "" {
		peer += " (" + v.less + ")"
	}
	if v.missing != "" {
		return []string{v.work, peer, v.missing, "", v.target.String(), "", "", "", "", "", "", ""}
	}
	if v.race == memoryRace {
		return []string{v.work, peer, "", "", v.target.String(), v.met(), "", "", "", "", number(v.perKey), number(v.peerPerKey)}
	}
	return []string{
		v.work, peer, ratio(v.ratio), ratio(v.before), v.target.String(), v.met(), number(v.ns), number(v.peerNS),
		number(v.counts.objects), number(v.peerCounts.objects), number(v.counts.bytes), number(v.peerCounts.bytes),
	}
}

func (v *verdict) met() string {
	switch missed := v.missed(); {
	case v.target == target{}:
		return ""
	case v.peer == otherCheckout && math.IsNaN(v.ratio):
		return "run with BASE"
	case len(missed) > 0:
		return "no: " + strings.Join(missed, ", ")
	default:
		return "yes"
	}
}

func (t target) String() string {
	var parts []string
	add := func(bound *float64, format string) {
		if bound != nil {
			parts = append(parts, fmt.Sprintf(format, *bound))
		}
	}
	add(t.ratio, "≤ %.2f")
	add(t.ns, "≤ %g ns")
	add(t.objects, "≤ %g allocations")
	add(t.bytes, "≤ %g B")
	add(t.perKey, "≤ %g B a key")
	return strings.Join(parts, ", ")
}

func ratio(x float64) string {
	if math.IsNaN(x) {
		return ""
	}
	return strconv.FormatFloat(x, 'f', 2, 64)
}

// number shows a count as a whole number where it is almost one, and large
// figures with commas.
func number(x float64) string {
	if math.IsNaN(x) {
		return ""
	}
	if x = round(x, 10); math.Abs(x) < 100 {
		return strconv.FormatFloat(x, 'f', -1, 64)
	}
	digits := strconv.FormatFloat(math.Round(x), 'f', 0, 64)
	for i := len(digits) - 3; i > 0 && digits[i-1] != '-'; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

// round rounds to whole parts of one, such as hundredths.
func round(x, parts float64) float64 { return math.Round(x*parts) / parts }
