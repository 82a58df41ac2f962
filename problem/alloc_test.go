package problem_test

import (
	"net/http"
	"net/http/httptest"
	"runtime/debug"
	"testing"
	"time"

	"github.com/backstop-go/backstop/internal/race"
	"github.com/backstop-go/backstop/problem"
	"github.com/backstop-go/backstop/problem/entryguard"
)

// sink is a writer that does not allocate.
type sink struct{ header http.Header }

func (s *sink) Header() http.Header         { return s.header }
func (s *sink) WriteHeader(int)             {}
func (s *sink) Write(p []byte) (int, error) { return len(p), nil }

// refusal returns a function that refuses a request as a limiter does.
func refusal() (refuse func()) {
	p := problem.New(problem.Config{Logger: silent})
	w := &sink{header: http.Header{}}
	r := httptest.NewRequest(http.MethodGet, "/things/7", nil)
	return func() {
		clear(w.header)
		p.Respond(w, r, problem.RateLimited.New("").WithRetryAfter(3*time.Second))
	}
}

// invalid returns a function that refuses a request as a validator does, with three fields.
func invalid() (refuse func()) {
	p := problem.New(problem.Config{Style: entryguard.Style, Logger: silent})
	w := &sink{header: http.Header{}}
	r := httptest.NewRequest(http.MethodPost, "/things", nil)
	return func() {
		clear(w.header)
		p.Respond(w, r, problem.Validation.New("").WithFields(threeFields...))
	}
}

func TestRespondAllocations(t *testing.T) {
	if race.Enabled {
		t.Skip("under the race detector sync.Pool drops values at random")
	}
	for name, c := range map[string]struct {
		refuse func()
		most   float64
	}{
		"a refusal, with its error":      {refusal(), 2},
		"three fields, with their error": {invalid(), 4},
	} {
		if got := testing.AllocsPerRun(200, c.refuse); got > c.most {
			t.Errorf("%s allocates %v times, want at most %v", name, got, c.most)
		}
	}
}

// The buffer of a very large answer is not kept for later answers.
func TestOnlyUsualBuffersAreKept(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(-1)) // a collection empties pools
	const most = 64 << 10
	size, room := 0, 0
	p := problem.New(problem.Config{Logger: silent, Style: plainStyle(func(dst []byte, _ *problem.View) ([]byte, error) {
		room = cap(dst)
		return append(dst, make([]byte, size)...), nil
	})})
	for _, c := range []struct{ size, want int }{ // want is the capacity of the buffer for the next answer
		{2 << 10, 2 << 10},
		{most, most},
		{most + 1, most},
		{1 << 20, most},
	} {
		size = c.size
		for range 2 {
			p.Respond(&sink{header: http.Header{}}, httptest.NewRequest(http.MethodGet, "/", nil), problem.Gone)
		}
		if room > most || room < c.want && !race.Enabled { // under the race detector sync.Pool drops values at random
			t.Errorf("after an answer of %d bytes there is room for %d, want %d", c.size, room, c.want)
		}
	}
}

func BenchmarkRespond(b *testing.B) {
	w := &sink{header: http.Header{}}
	for _, c := range []struct {
		name   string
		refuse func()
	}{
		{"429", refusal()},
		{"400 with three fields", invalid()},
		{"http.Error for comparison", func() {
			clear(w.header)
			http.Error(w, "Rate limit exceeded", http.StatusTooManyRequests)
		}},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				c.refuse()
			}
		})
	}
}
