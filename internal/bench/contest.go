package main

import (
	"cmp"
	"math"
	"runtime"
	"slices"
)

// A turner runs one contender for one turn, in this process or in another.
type turner interface {
	turn() (nsPerOp float64, err error)
}

// figures are what a race has shown, by contender.
type figures struct {
	names  []string             // in the order of the race
	times  map[string][]float64 // CPU nanoseconds per request, one for each round
	above  map[string]string    // whose cost does not count
	less   map[string]string    // what it does not answer
	counts map[string]counts    // of this process alone
	apart  error                // why the other checkout did not take part
}

// counts are exact.
type counts struct{ objects, bytes float64 }

// These mark contenders that run in another process, as this checkout and as
// the other one have them.
const now, before = "now:", "before:"

// contest lets the contenders of a race take turns. Every second round goes
// backwards, so that nobody always follows the one who leaves cold caches.
// Those named in ours take part in the processes of others, too.
func contest(rc *race, rounds int, others []*partner, ours []string) (*figures, error) {
	f := &figures{
		times: map[string][]float64{}, above: map[string]string{}, less: map[string]string{}, counts: map[string]counts{},
	}
	type entrant struct {
		name string
		turner
	}
	var entrants []entrant
	for _, c := range append([]contender{{by: nothing}}, rc.contenders...) {
		l, err := newLane(rc, c.by)
		if err != nil {
			return nil, err
		}
		objects, bytes := l.allocations()
		f.counts[c.by] = counts{objects, bytes}
		f.above[c.by], f.less[c.by] = cmp.Or(c.above, nothing), c.less
		if c.by != nothing {
			f.names = append(f.names, c.by)
		}
		entrants = append(entrants, entrant{c.by, l})
	}
	for _, other := range others {
		lanes, err := other.lanes(rc, ours)
		f.apart = cmp.Or(f.apart, err)
		for by, t := range lanes {
			f.above[other.mark+by] = other.mark + f.above[by]
			entrants = append(entrants, entrant{other.mark + by, t})
		}
	}
	runtime.GC() // the garbage of the beginning is nobody's
	for range rounds {
		for _, e := range entrants {
			ns, err := e.turn()
			if err != nil {
				return nil, err
			}
			f.times[e.name] = append(f.times[e.name], ns)
		}
		slices.Reverse(entrants)
	}
	return f, nil
}

// withGround adds to some contenders the ones above which their cost counts.
func withGround(rc *race, names []string) []string {
	all := []string{nothing}
	for _, by := range names {
		if c, err := rc.contender(by); err == nil && c.above != "" {
			all = append(all, c.above)
		}
		all = append(all, by)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// net is what the contender itself costs, round by round.
func (f *figures) net(by string) []float64 {
	net := slices.Clone(f.times[by])
	for i, ns := range f.times[f.above[by]] {
		net[i] -= ns
	}
	return net
}

// ns is the CPU time of one request in nanoseconds.
func (f *figures) ns(by string) float64 { return median(f.net(by)) }

// ratio is the median of the ratios of the rounds, which is steadier than the
// ratio of the medians: what disturbs a round disturbs both.
func (f *figures) ratio(by, other string) float64 { return medianRatio(f.net(by), f.net(other)) }

// counts are what the contender itself allocates.
func (f *figures) allocations(by string) counts {
	own, ground := f.counts[by], f.counts[f.above[by]]
	return counts{own.objects - ground.objects, own.bytes - ground.bytes}
}

// medianRatio leaves out rounds without a meaning: those in which the divisor
// seems to have cost nothing or less, or had no part.
func medianRatio(a, b []float64) float64 {
	var ratios []float64
	for i := range min(len(a), len(b)) {
		if b[i] > 0 {
			ratios = append(ratios, a[i]/b[i])
		}
	}
	return median(ratios)
}

// median of nothing is not a number.
func median(all []float64) float64 {
	if len(all) == 0 {
		return math.NaN()
	}
	sorted := slices.Sorted(slices.Values(all))
	half := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[half]
	}
	return (sorted[half-1] + sorted[half]) / 2
}
