package main

import (
	"bytes"
	"cmp"
	"os"
	"strings"
	"testing"

	detector "github.com/backstop-go/backstop/internal/race"
)

// actAsPartner in the environment makes the test program a partner.
const actAsPartner = "BENCH_ACT_AS_PARTNER"

func TestMain(m *testing.M) {
	heap := setUp()
	if os.Getenv(actAsPartner) != "" {
		servePartner(os.Stdin, os.Stdout)
		return
	}
	code := m.Run()
	clear(heap[:1]) // keeps it
	os.Exit(code)
}

// BenchmarkRaces is for profiles. A -count repeats one contender before the next
// one begins: to compare, run the command.
func BenchmarkRaces(b *testing.B) {
	for _, entry := range races {
		b.Run(entry.name, func(b *testing.B) {
			rc := startRace(b, entry.name)
			for _, c := range rc.contenders {
				var l *lane
				b.Run("by="+strings.ReplaceAll(c.by, " ", "-"), func(b *testing.B) {
					if l == nil {
						l = startLane(b, rc, c.by)
					}
					b.ReportAllocs()
					b.ResetTimer()
					begin := l.clock()
					l.run(b.N)
					b.ReportMetric(float64(l.clock()-begin)/float64(b.N), "cpu-ns/op")
					if err := l.check(); err != nil {
						b.Error(err)
					}
				})
			}
		})
	}
}

func BenchmarkBytesPerKey(b *testing.B) {
	for i, c := range limiters(1, 1) {
		b.Run("by="+strings.ReplaceAll(c.by, " ", "-"), func(b *testing.B) {
			perKey, err := bytesPerKeyOf(i)
			if err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(perKey, "B/key")
			b.ReportMetric(0, "ns/op") // there is nothing to repeat
		})
	}
}

func TestEveryContenderAnswersAsExpected(t *testing.T) {
	for _, entry := range races {
		t.Run(entry.name, func(t *testing.T) {
			rc := startRace(t, entry.name)
			for i := range rc.contenders {
				c := &rc.contenders[i]
				t.Run("by="+c.by, func(t *testing.T) {
					if err := rc.verify(c, min(rc.before, 100)); err != nil {
						t.Error(err)
					}
				})
			}
		})
	}
}

// Times depend on the machine, allocations do not: what the rows of our limiters
// promise of them is kept.
func TestLimitersAllocateLittle(t *testing.T) {
	if detector.Enabled {
		t.Skip("the race detector makes pools forget")
	}
	for _, r := range rows {
		if r.target.objects == nil || r.race != "AllowedHotKey" && r.race != "Take" {
			continue
		}
		t.Run(r.work, func(t *testing.T) {
			rc := startRace(t, r.race)
			c, err := rc.contender(r.ours)
			if err != nil {
				t.Fatal(err)
			}
			got, _ := startLane(t, rc, c.by).allocations()
			ground, _ := startLane(t, rc, cmp.Or(c.above, nothing)).allocations()
			if n := round(got-ground, 10); n > *r.target.objects {
				t.Errorf("%s allocates %v times, want at most %v", c.by, n, *r.target.objects)
			}
		})
	}
}

// A panic is only handled as well as ours if the log says where it happened.
func TestContendersLogWhereItPanicked(t *testing.T) {
	var log bytes.Buffer
	rc := panickedTo(&log)
	for i := range rc.contenders {
		c := &rc.contenders[i]
		if c.want.status == 200 {
			continue // it does not panic
		}
		t.Run(c.by, func(t *testing.T) {
			log.Reset()
			if err := rc.verify(c, 0); err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(log.String(), "recover.go") {
				t.Errorf("the log of %s does not name recover.go, which panicked:\n%s", c.by, log.String())
			}
		})
	}
}

// What is not as it should be is reported, whoever does it.
func TestWrongAnswersAreReported(t *testing.T) {
	rc := race{name: "Wrong", want: answer{status: 200, header: []string{"X-Request-Id"}, body: []string{"ok"}}}
	header := withFields(ok)
	for _, tt := range []struct {
		name string
		c    contender
		want string
	}{
		{"another status", contender{by: "x", handler: header, want: answer{status: 201}}, "want 201"},
		{"no header field", contender{by: "x", handler: ok}, "X-Request-Id"},
		{"another body", contender{by: "x", handler: header, want: answer{body: []string{"fine"}}}, `"fine"`},
		{"a refused call", contender{by: "x", call: func(uint64) int { return 429 }}, "want 200"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if err := rc.verify(&tt.c, 0); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("verify = %v, want an error with %q", err, tt.want)
			}
		})
	}
}

// startRace makes a race, or skips where the machine lacks what it needs.
func startRace(tb testing.TB, name string) *race {
	tb.Helper()
	rc, err := raceNamed(name)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(rc.close)
	if rc.skip != "" {
		if os.Getenv("BACKSTOP_REDIS") == "required" {
			tb.Fatal(rc.skip)
		}
		tb.Skip(rc.skip)
	}
	return rc
}

func startLane(tb testing.TB, rc *race, by string) *lane {
	tb.Helper()
	l, err := newLane(rc, by)
	if err != nil {
		tb.Fatal(err)
	}
	return l
}
