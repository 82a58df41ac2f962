package main

import (
	"fmt"
	"math"
	"net/http"
	"slices"
	"strings"
	"testing"
)

func TestMedian(t *testing.T) {
	for _, tt := range []struct {
		name string
		all  []float64
		want float64
	}{
		{"nothing", nil, math.NaN()},
		{"one", []float64{7}, 7},
		{"an odd number, in any order", []float64{9, 1, 5}, 5},
		{"an even number", []float64{4, 1, 2, 9}, 3},
	} {
		t.Run(tt.name, func(t *testing.T) {
			before := slices.Clone(tt.all)
			if got := median(tt.all); !same(got, tt.want) {
				t.Errorf("median(%v) = %v, want %v", tt.all, got, tt.want)
			}
			if !slices.Equal(tt.all, before) {
				t.Errorf("median has changed %v into %v", before, tt.all)
			}
		})
	}
}

func TestMedianRatio(t *testing.T) {
	for _, tt := range []struct {
		name string
		a, b []float64
		want float64
	}{
		{"nothing", nil, nil, math.NaN()},
		{"a contender and itself", []float64{3, 1, 2}, []float64{3, 1, 2}, 1},
		{"the median of ratios, not the ratio of medians", []float64{1, 20, 300}, []float64{2, 10, 100}, 2},
		{"a round without a cost does not count", []float64{1, 6, 5}, []float64{0, 2, -1}, 3},
		{"somebody who had no part", []float64{1, 2}, nil, math.NaN()},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := medianRatio(tt.a, tt.b); !same(got, tt.want) {
				t.Errorf("medianRatio(%v, %v) = %v, want %v", tt.a, tt.b, got, tt.want)
			}
		})
	}
}

func same(a, b float64) bool { return a == b || math.IsNaN(a) && math.IsNaN(b) }

// What stands beneath a contender does not count, neither in time nor in
// objects.
func TestFiguresAreAboveTheGround(t *testing.T) {
	f := figures{
		times: map[string][]float64{
			nothing: {10, 20, 10}, "router": {30, 40, 30}, "ours": {50, 60, 50}, "peer": {70, 80, 70},
		},
		above:  map[string]string{nothing: nothing, "router": nothing, "ours": "router", "peer": "router"},
		counts: map[string]counts{nothing: {1, 48}, "router": {2, 64}, "ours": {5, 200}, "peer": {9, 264}},
	}
	if got := f.ns("ours"); got != 20 {
		t.Errorf("ns of ours = %v, want 20", got)
	}
	if got := f.ns("router"); got != 20 {
		t.Errorf("ns of the router = %v, want 20", got)
	}
	if got := f.ratio("ours", "peer"); got != 0.5 {
		t.Errorf("ratio = %v, want 0.5", got)
	}
	if got, want := f.allocations("peer"), (counts{7, 200}); got != want {
		t.Errorf("allocations of the peer = %v, want %v", got, want)
	}
}

var sink []byte

// allocating allocates n objects of 64 bytes.
func allocating(n int) http.Handler {
	return http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		for range n {
			sink = make([]byte, 64)
		}
	})
}

func testRace() *race {
	return &race{name: "Test", want: answer{status: 200}, contenders: []contender{
		{by: "three", handler: allocating(3)},
		{by: "five", handler: allocating(5), above: "three"},
	}}
}

func TestContest(t *testing.T) {
	const rounds = 4
	f, err := contest(testRace(), rounds, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"three", "five"}; !slices.Equal(f.names, want) {
		t.Errorf("names = %q, want %q", f.names, want)
	}
	for _, by := range []string{nothing, "three", "five"} {
		if got := len(f.times[by]); got != rounds {
			t.Errorf("%s took %d turns, want %d", by, got, rounds)
		}
	}
	if got, want := f.allocations("three"), (counts{3, 192}); got != want {
		t.Errorf("three allocates %v, want %v", got, want)
	}
	if got, want := f.allocations("five"), (counts{2, 128}); got != want {
		t.Errorf("five allocates %v above three, want %v", got, want)
	}
}

// A contender that stops doing the work half-way has no figures.
func TestContestEndsWithTheFirstWrongAnswer(t *testing.T) {
	left := 1000
	rc := &race{name: "Test", want: answer{status: 200}, contenders: []contender{{by: "tired", call: func(uint64) int {
		if left--; left < 0 {
			return 429
		}
		return 200
	}}}}
	if _, err := contest(rc, 4, nil, nil); err == nil || !strings.Contains(err.Error(), "tired = 429") {
		t.Errorf("contest = %v, want an error that names the contender and its status", err)
	}
}

func TestLaneSendsWhatItSays(t *testing.T) {
	for _, callers := range []int{0, 1, 4} {
		t.Run(fmt.Sprint(callers, " callers"), func(t *testing.T) {
			seen := make(chan uint64, 100)
			rc := &race{name: "Test", callers: callers, want: answer{status: 200}}
			c := &contender{by: "x", call: func(i uint64) int { seen <- i; return 200 }}
			l := &lane{race: rc, contender: c, sent: 7}
			for range max(callers, 1) {
				l.clients = append(l.clients, newClient(&rc.request))
			}
			if got := l.run(8); got != 8 {
				t.Errorf("run(8) = %d", got)
			}
			close(seen)
			var all []uint64
			for i := range seen {
				all = append(all, i)
			}
			slices.Sort(all)
			if want := []uint64{7, 8, 9, 10, 11, 12, 13, 14}; !slices.Equal(all, want) {
				t.Errorf("rounds %v, want %v", all, want)
			}
		})
	}
}

// Nothing that a handler does to a request or an answer reaches the next one.
func TestRequestsAreNew(t *testing.T) {
	rq := request{method: "POST", body: smallBody, header: http.Header{"Content-Type": {"application/json"}}}
	client := newClient(&rq)
	c := &contender{by: "x", handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if len(w.Header()) != 0 || r.Header.Get("X-Mark") != "" || r.Pattern != "" {
			t.Errorf("header %v of the answer, %v and pattern %q of the request, want new ones", w.Header(), r.Header, r.Pattern)
		}
		body := make([]byte, len(smallBody)+1)
		if n, _ := r.Body.Read(body); string(body[:n]) != smallBody {
			t.Errorf("body = %q, want %q", body[:n], smallBody)
		}
		w.Header().Set("X-Mark", "1")
		r.Header.Set("X-Mark", "1")
		r.Pattern = "/"
	})}
	for i := range uint64(3) {
		client.send(c, i)
	}
}
