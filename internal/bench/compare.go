package main

import (
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"regexp"
	"runtime"
	"slices"
	"time"
)

// compare runs the races whose names match, and prints two tables: what we mean
// to reach, and all that was measured.
func compare(w io.Writer, rounds int, only *regexp.Regexp, others []*partner) error {
	all := map[string]*figures{}
	missing := map[string]string{}
	for _, entry := range races {
		if !only.MatchString(entry.name) {
			missing[entry.name] = "not run"
			continue
		}
		begin := time.Now()
		f, err := runRace(entry.name, rounds, others)
		fmt.Fprintln(os.Stderr, entry.name, time.Since(begin).Round(time.Second))
		if skipped := (*skippedError)(nil); errors.As(err, &skipped) {
			missing[entry.name] = skipped.why
			continue
		}
		if err != nil {
			return err
		}
		all[entry.name] = f
	}
	var perKey map[string]float64
	if only.MatchString(memoryRace) {
		var err error
		if perKey, err = bytesPerKey(); err != nil {
			return err
		}
	} else {
		missing[memoryRace] = "not run"
	}
	printHead(w, rounds)
	printVerdicts(w, all, perKey, missing)
	printContenders(w, all, perKey)
	return nil
}

type skippedError struct{ why string }

func (e *skippedError) Error() string { return e.why }

// runRace makes one race, runs it and lets its memory go.
func runRace(name string, rounds int, others []*partner) (*figures, error) {
	rc, err := raceNamed(name)
	if err != nil {
		return nil, err
	}
	defer rc.close()
	if rc.skip != "" {
		return nil, &skippedError{rc.skip}
	}
	f, err := contest(rc, rounds, others, oursIn(name))
	runtime.GC()
	return f, err
}

func printHead(w io.Writer, rounds int) {
	fmt.Fprintf(w, "%s\nTurns of %v in one process, every contender in each of %d rounds; %s.\n", machine(), turnTime, rounds, clock)
	fmt.Fprint(w, `A ratio is ours ÷ the peer's, the median of the rounds; what it costs to make a request is taken off.
Read ratios: times are worth no more than the machine. Allocations are exact.

`)
}

func printVerdicts(w io.Writer, all map[string]*figures, perKey map[string]float64, missing map[string]string) {
	lines := [][]string{head}
	var notes []string
	for _, r := range rows {
		v := verdict{row: r, missing: missing[r.race]}
		if f := all[r.race]; f != nil {
			v.fill(f)
			if f.apart != nil {
				notes = append(notes, fmt.Sprintf("%s: %v", r.race, f.apart))
			}
		}
		v.perKey, v.peerPerKey = perKey[r.ours], perKey[r.peer]
		lines = append(lines, v.line())
	}
	printTable(w, lines)
	slices.Sort(notes)
	for _, note := range slices.Compact(notes) {
		fmt.Fprintf(w, "\nThe other checkout did not take part in %s\n", note)
	}
}

// fill takes the figures of the row out of those of the race.
func (v *verdict) fill(f *figures) {
	v.ns, v.counts = f.ns(v.ours), f.allocations(v.ours)
	v.before = f.ratio(now+v.ours, before+v.ours)
	if v.peer == otherCheckout {
		v.ratio, v.peerNS = v.before, f.ns(before+v.ours)
		v.peerCounts = counts{math.NaN(), math.NaN()}
		return
	}
	v.less = f.less[v.peer]
	v.ratio, v.peerNS, v.peerCounts = f.ratio(v.ours, v.peer), f.ns(v.peer), f.allocations(v.peer)
}

// printContenders shows every contender, and how we compare with it.
func printContenders(w io.Writer, all map[string]*figures, perKey map[string]float64) {
	lines := [][]string{{"race", "contender", "above", "ours ÷ it", "ns", "allocations", "bytes"}}
	for _, entry := range races {
		f := all[entry.name]
		if f == nil {
			continue
		}
		for _, by := range f.names {
			name, above := by, f.above[by]
			if less := f.less[by]; less != "" {
				name += " (" + less + ")"
			}
			if above == nothing {
				above = ""
			}
			c := f.allocations(by)
			lines = append(lines, []string{
				entry.name, name, above, ratio(f.ratio(f.names[0], by)), number(f.ns(by)), number(c.objects), number(c.bytes),
			})
		}
	}
	if perKey != nil {
		for _, c := range limiters(1, 1) {
			lines = append(lines, []string{memoryRace, c.by, "", ratio(perKey["backstop"] / perKey[c.by]), "", "", number(perKey[c.by]) + " a key"})
		}
	}
	fmt.Fprintln(w)
	printTable(w, lines)
}
