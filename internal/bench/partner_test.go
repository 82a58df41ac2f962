package main

import (
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// One answer for each question, whatever is asked.
func TestServePartner(t *testing.T) {
	for _, tt := range []struct{ question, fault string }{
		{"RequestID backstop", ""},
		{"RequestID by hand", ""},
		{"RequestID nothing", ""},
		{"RequestID nobody", `no contender "nobody"`},
		{"Take backstop", ""},
		{"Nonsense backstop", `no race "Nonsense"`},
		{"", `no race ""`},
	} {
		t.Run(tt.question, func(t *testing.T) {
			var out strings.Builder
			servePartner(strings.NewReader(tt.question+"\n"+tt.question+"\n"), &out)
			lines := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
			if len(lines) != 2 {
				t.Fatalf("%d lines, want 2: %q", len(lines), lines)
			}
			for _, line := range lines {
				ns, err := strconv.ParseFloat(line, 64)
				if tt.fault == "" && (err != nil || ns <= 0) {
					t.Errorf("answer = %q, want nanoseconds", line)
				}
				if tt.fault != "" && !strings.Contains(line, tt.fault) {
					t.Errorf("answer = %q, want %q", line, tt.fault)
				}
			}
		})
	}
}

// The whole way, with one short race, and this program in the place of both
// versions.
func TestCompareWithOtherProcesses(t *testing.T) {
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv(actAsPartner, "1")
	var others []*partner
	for _, mark := range []string{now, before} {
		p, err := startPartner(mark, program)
		if err != nil {
			t.Fatal(err)
		}
		others = append(others, p)
	}
	var out strings.Builder
	if err := compare(&out, 2, regexp.MustCompile("^Standard$"), others); err != nil {
		t.Fatal(err)
	}
	for _, p := range others {
		if err := p.close(); err != nil {
			t.Error(err)
		}
	}
	row := regexp.MustCompile(`(?m)^\| Standard, empty handler +\| before +\| \d+\.\d\d +\| \d+\.\d\d`)
	if !row.MatchString(out.String()) {
		t.Errorf("no row with a ratio to the other checkout in\n%s", out.String())
	}
}
