package routers_test

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/backstop-go/backstop/middleware"
)

// TestSoak runs a mixed load over both protocols in every house, for as long as BACKSTOP_SOAK
// says, for example "10m". Of 100 requests one panics, and five are canceled by the client.
// After the first part, memory, goroutines and file descriptors must not grow any more.
func TestSoak(t *testing.T) {
	d, err := time.ParseDuration(os.Getenv("BACKSTOP_SOAK"))
	if err != nil {
		t.Skip("takes minutes: set BACKSTOP_SOAK to a duration such as 10m")
	}
	handler := failing(func(w http.ResponseWriter, r *http.Request) error {
		// net/http notices that a client has left only once the body was read.
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			return err
		}
		switch r.Header.Get("X-Do") {
		case "panic":
			panic("boom")
		case "cut":
			io.WriteString(w, "0123456789")
			panic("boom")
		case "wait":
			<-r.Context().Done()
			return r.Context().Err()
		case "fail":
			return errors.New("no luck")
		}
		_, err := io.WriteString(w, strings.Repeat("x", 2000))
		return err
	})
	var sites []*site
	for _, house := range houses {
		for _, protocol := range []string{warm, h2} {
			p := plan{inside: []mw{middleware.Timeout(time.Minute), middleware.LimitBody(1000)}}
			sites = append(sites, p.open(house, protocol, handler))
		}
	}
	stop := make(chan struct{})
	var callers sync.WaitGroup
	for _, s := range sites {
		for range 4 {
			callers.Go(func() {
				for {
					select {
					case <-stop:
						return
					default:
						s.stroll(rand.IntN(1000))
						s.records.forget()
						for len(s.summaries) > 0 {
							<-s.summaries
						}
					}
				}
			})
		}
	}
	time.Sleep(d / 5)
	heap, goroutines, files := use(t)
	deadline := time.Now().Add(d - d/5)
	for time.Now().Before(deadline) {
		time.Sleep(min(10*time.Second, time.Until(deadline)))
		h, g, f := use(t)
		t.Logf("heap %d KiB, goroutines %d, open files %d", h>>10, g, f)
		if h > 2*heap+8<<20 || g > 2*goroutines+50 || f > 2*files+50 {
			t.Errorf("the heap has grown to %d KiB, goroutines to %d, files to %d, from %d KiB, %d and %d", h>>10, g, f, heap>>10, goroutines, files)
		}
	}
	close(stop)
	callers.Wait()
	for _, s := range sites {
		s.close()
		if text := s.errorLog.String(); text != "" {
			t.Errorf("net/http logs %.500q in %s, want nothing", text, s.house)
		}
	}
}

// stroll sends one request. The number n, from 0 to 999, selects its kind.
func (s *site) stroll(n int) {
	do, leaves := "", false
	switch {
	case n < 5:
		do = "panic"
	case n < 10:
		do = "cut"
	case n < 60:
		do, leaves = "wait", true
	case n < 100:
		do = "fail"
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	if leaves {
		time.AfterFunc(time.Duration(n)*100*time.Microsecond, cancel)
	}
	r, err := http.NewRequestWithContext(ctx, "POST", s.url, strings.NewReader("body"))
	if err != nil {
		panic(err)
	}
	r.Header.Set("X-Do", do)
	s.do(r)
}

func (r *records) forget() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.recs = r.recs[:0]
}

// use collects garbage, and returns the size of the heap and the numbers of goroutines and
// open files.
func use(t *testing.T) (heap uint64, goroutines, files int) {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc, runtime.NumGoroutine(), openFiles(t)
}

func TestStormOfPanicsKeepsTheHeapFlat(t *testing.T) {
	s := plan{}.open(std, single, func(http.ResponseWriter, *http.Request) { panic("boom") })
	defer s.close()
	h := s.server.Config.Handler
	storm := func(n int) {
		for range n {
			r, err := http.NewRequest("GET", "/case/1", nil)
			if err != nil {
				t.Fatal(err)
			}
			h.ServeHTTP(&nowhere{header: http.Header{}}, r)
			s.records.tally()
		}
	}
	storm(2000)
	before, _, _ := use(t)
	began := time.Now()
	storm(20_000)
	elapsed := time.Since(began)
	after, _, _ := use(t)
	if after > before+4<<20 {
		t.Errorf("the heap has grown from %d to %d KiB, want it flat", before>>10, after>>10)
	}
	if most := 10 * (int(elapsed/time.Second) + 3); s.records.stacks > most {
		t.Errorf("%d stacks were logged in %v, want 10 a second at most", s.records.stacks, elapsed)
	}
}

// tally counts the records with a stack, and removes all records.
func (r *records) tally() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, rec := range r.recs {
		if rec.attrs["stack"] != "" {
			r.stacks++
		}
	}
	r.recs = r.recs[:0]
}

// nowhere is a writer that drops everything.
type nowhere struct{ header http.Header }

func (n *nowhere) Header() http.Header         { return n.header }
func (n *nowhere) Write(p []byte) (int, error) { return len(p), nil }
func (n *nowhere) WriteHeader(int)             {}
