package main

import (
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

// The whole way, with one short race and this checkout as the other one.
func TestCompareWithAnotherCheckout(t *testing.T) {
	other, err := newPartner("../..")
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	if err := compare(&out, 2, regexp.MustCompile("^Standard$"), other); err != nil {
		t.Fatal(err)
	}
	if err := other.close(); err != nil {
		t.Error(err)
	}
	row := regexp.MustCompile(`(?m)^\| Standard, empty handler +\| before +\| \d+\.\d\d +\| \d+\.\d\d`)
	if !row.MatchString(out.String()) {
		t.Errorf("no row with a ratio to the other checkout in\n%s", out.String())
	}
}
