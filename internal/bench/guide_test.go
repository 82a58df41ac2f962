package main

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// TestGuideHasEveryLine finds each line of the table of verdicts in the guide, so
// that a table which is pasted there is whole.
func TestGuideHasEveryLine(t *testing.T) {
	guide := tableOf(t, "../../docs/performance.md")
	for _, r := range rows {
		if guide[r.work+" beside "+r.peer] == nil {
			t.Errorf("docs/performance.md has no line for %q beside %s: paste what make compare prints", r.work, r.peer)
		}
	}
}

// TestFiguresOfTheReadmeAreThoseOfTheGuide keeps one run in both.
func TestFiguresOfTheReadmeAreThoseOfTheGuide(t *testing.T) {
	guide, readme := tableOf(t, "../../docs/performance.md"), tableOf(t, "../../README.md")
	found := 0
	for key, cells := range readme {
		line := guide[key]
		if line == nil {
			continue
		}
		found++
		if want := []string{line[2], line[8] + " / " + line[9]}; cells[2] != want[0] || cells[3] != want[1] {
			t.Errorf("the README says %q of %s, and docs/performance.md says %q", cells[2:], key, want)
		}
	}
	if found < 5 {
		t.Errorf("the README has %d figures of the guide, want at least 5", found)
	}
}

var parenthesis = regexp.MustCompile(` \(.*\)$`)

// tableOf returns the lines of all tables of a page, by work and peer.
func tableOf(t *testing.T, name string) map[string][]string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	lines := map[string][]string{}
	for line := range strings.Lines(string(text)) {
		line, ok := strings.CutPrefix(strings.TrimSpace(line), "| ")
		if !ok {
			continue
		}
		cells := strings.Split(strings.TrimSuffix(line, " |"), "|")
		for n := range cells {
			cells[n] = strings.TrimSpace(cells[n])
		}
		if len(cells) >= 4 {
			lines[cells[0]+" beside "+parenthesis.ReplaceAllString(cells[1], "")] = cells
		}
	}
	return lines
}
