package main

import (
	"math"
	"slices"
	"strings"
	"testing"
)

func TestEveryRowNamesContenders(t *testing.T) {
	for _, r := range rows {
		t.Run(r.work+" beside "+r.peer, func(t *testing.T) {
			rc := &race{name: memoryRace, contenders: limiters(1, 1)}
			if r.race != memoryRace {
				rc = startRace(t, r.race)
			}
			for _, by := range []string{r.ours, r.peer} {
				if by == otherCheckout {
					continue
				}
				c, err := rc.contender(by)
				if err != nil {
					t.Fatal(err)
				}
				if c.above == "" {
					continue
				}
				if _, err := rc.contender(c.above); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

func TestMissed(t *testing.T) {
	all := target{ratio: new(0.7), ns: new(8.0), objects: new(3.0), bytes: new(560.0), perKey: new(40.0)}
	good := verdict{row: row{target: all}, ratio: 0.7, ns: 8, counts: counts{3, 560}, perKey: 40}
	for _, tt := range []struct {
		name string
		make func(*verdict)
		want []string
	}{
		{"just met", func(*verdict) {}, nil},
		{"met as it is printed", func(v *verdict) { v.ratio = 0.7049 }, nil},
		{"too slow", func(v *verdict) { v.ratio = 0.706 }, []string{"ratio"}},
		{"too many nanoseconds", func(v *verdict) { v.ns = 9 }, []string{"ns"}},
		{"one object too many", func(v *verdict) { v.counts.objects = 4 }, []string{"allocations"}},
		{"too many bytes", func(v *verdict) { v.counts.bytes = 576 }, []string{"bytes"}},
		{"keys too large", func(v *verdict) { v.perKey = 41 }, []string{"bytes a key"}},
		{"not measured", func(v *verdict) { v.ratio = math.NaN() }, []string{"ratio"}},
		{"no target", func(v *verdict) { *v = verdict{ratio: 9} }, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			v := good
			tt.make(&v)
			if got := v.missed(); !slices.Equal(got, tt.want) {
				t.Errorf("missed = %q, want %q", got, tt.want)
			}
		})
	}
}

func TestNumber(t *testing.T) {
	for _, tt := range []struct {
		x    float64
		want string
	}{
		{math.NaN(), ""},
		{0, "0"},
		{2.96, "3"},
		{17.94, "17.9"},
		{-12.5, "-12.5"},
		{99.96, "100"},
		{999.6, "1,000"},
		{-123456, "-123,456"},
		{1234567, "1,234,567"},
	} {
		if got := number(tt.x); got != tt.want {
			t.Errorf("number(%v) = %q, want %q", tt.x, got, tt.want)
		}
	}
}

func TestPrintTable(t *testing.T) {
	var out strings.Builder
	printTable(&out, [][]string{{"work", "÷"}, {"a", "≤ 0.70"}})
	const want = `| work | ÷      |
|------|--------|
| a    | ≤ 0.70 |
`
	if out.String() != want {
		t.Errorf("printTable =\n%swant\n%s", out.String(), want)
	}
}

func TestLines(t *testing.T) {
	r := row{"work", "Standard", "backstop", "chi", target{ratio: new(0.5), objects: new(3.0)}}
	for _, tt := range []struct {
		name string
		v    verdict
		want string
	}{
		{
			"with all figures",
			verdict{row: r, less: "no ID", ratio: 0.444, before: 0.9, ns: 1234, peerNS: 2000, counts: counts{3, 48}, peerCounts: counts{6, 432}},
			"work|chi (no ID)|0.44|0.90|≤ 0.50, ≤ 3 allocations|yes|1,234|2,000|3|6|48|432",
		},
		{
			"alone, and missed",
			verdict{row: r, ratio: 0.6, before: math.NaN(), counts: counts{4, 0}},
			"work|chi|0.60||≤ 0.50, ≤ 3 allocations|no: ratio, allocations|0|0|4|0|0|0",
		},
		{
			"that could not be run",
			verdict{row: r, missing: "not installed"},
			"work|chi|not installed||≤ 0.50, ≤ 3 allocations|||||||",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			line := tt.v.line()
			if got := strings.Join(line, "|"); got != tt.want {
				t.Errorf("line = %q, want %q", got, tt.want)
			}
			if len(line) != len(head) {
				t.Errorf("%d cells, want %d", len(line), len(head))
			}
		})
	}
}
