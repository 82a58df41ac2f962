package requestid_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"testing"
	"weak"

	"github.com/google/uuid"

	"github.com/backstop-go/backstop/internal/exchange"
	"github.com/backstop-go/backstop/internal/race"
	"github.com/backstop-go/backstop/requestid"
)

func issuer(t testing.TB, cfg requestid.Config) *requestid.Issuer {
	t.Helper()
	ids, err := requestid.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return ids
}

// serve sends a request. It returns the ID that the handler reads, and the lines of the header
// that the client gets.
func serve(ids *requestid.Issuer, r *http.Request) (id string, lines []string) {
	w := httptest.NewRecorder()
	ids.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		id = requestid.FromContext(r.Context())
	})).ServeHTTP(w, r)
	return id, w.Header()["X-Request-Id"]
}

func get(header ...string) *http.Request {
	r := httptest.NewRequest("GET", "/", nil)
	for _, line := range header {
		name, value, _ := strings.Cut(line, ": ")
		r.Header[name] = append(r.Header[name], value)
	}
	return r
}

var format = regexp.MustCompile(`^req_[a-z2-7]{26}$`)

func TestIDHasTheFormatAndIsSentOnce(t *testing.T) {
	id, lines := serve(issuer(t, requestid.Config{}), get())
	if !format.MatchString(id) || len(lines) != 1 || lines[0] != id {
		t.Errorf("the ID is %q and the header %q, want the format, and both the same", id, lines)
	}
}

func TestIDsAreUnique(t *testing.T) {
	const goroutines, each = 8, 1_000_000 / 8
	ids := issuer(t, requestid.Config{})
	all := make([][]string, goroutines)
	var wg sync.WaitGroup
	for g := range goroutines {
		wg.Go(func() {
			h := ids.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				all[g] = append(all[g], requestid.FromContext(r.Context()))
			}))
			r, w := get(), httptest.NewRecorder()
			n := each
			if race.Enabled {
				n /= 50
			}
			for range n {
				h.ServeHTTP(w, r)
			}
		})
	}
	wg.Wait()
	seen := make(map[string]bool, goroutines*each)
	for _, some := range all {
		for _, id := range some {
			if seen[id] {
				t.Fatalf("%s is given twice", id)
			}
			seen[id] = true
		}
	}
}

// inbound has IDs that come with a request, and the reason why each is refused.
var inbound = []struct {
	name  string
	lines []string
	fault string
}{
	{"a UUID", []string{"550e8400-e29b-41d4-a716-446655440000"}, ""},
	{"a UUID with a rewritten nibble", []string{"550e8400-e29b-91d4-a716-446655440000"}, ""},
	{"32 hex digits", []string{"550e8400e29b41d4a716446655440000"}, ""},
	{"all the accepted punctuation", []string{"a-b.c_d:e@f+g/h=i~"}, ""},
	{"8 characters", []string{"12345678"}, ""},
	{"128 characters", []string{strings.Repeat("x", 128)}, ""},
	{"nothing", []string{""}, "length"},
	{"7 characters", []string{"1234567"}, "length"},
	{"129 characters", []string{strings.Repeat("x", 129)}, "length"},
	{"100 kB", []string{strings.Repeat("x", 100_000)}, "length"},
	{"a space", []string{"1234 5678"}, "characters"},
	{"a tab", []string{"1234\t5678"}, "characters"},
	{"a line feed", []string{"1234\n5678"}, "characters"},
	{"U+202E", []string{"1234\u202e5678"}, "characters"},
	{"0xFF", []string{"1234\xff5678"}, "characters"},
	{"a quote", []string{`1234"5678`}, "characters"},
	{"a list", []string{"12345678, 90123456"}, "characters"},
	{"two lines", []string{"12345678", "90123456"}, "several lines"},
}

func TestInboundIDIsAdoptedFromTrustedPeersAlone(t *testing.T) {
	for _, trusted := range []bool{true, false} {
		ids := issuer(t, requestid.Config{Trust: func(*http.Request) bool { return trusted }})
		for _, tt := range inbound {
			t.Run(fmt.Sprint(tt.name, ", trusted ", trusted), func(t *testing.T) {
				r := get()
				r.Header["X-Request-Id"] = tt.lines
				id, lines := serve(ids, r)
				if len(lines) != 1 || lines[0] != id {
					t.Errorf("the ID is %q and the header %q, want both the same", id, lines)
				}
				switch {
				case trusted && tt.fault == "" && id != tt.lines[0]:
					t.Errorf("the ID is %q, want the one received", id)
				case (!trusted || tt.fault != "") && !format.MatchString(id):
					t.Errorf("the ID is %q, want a fresh one", id)
				}
			})
		}
	}
}

func TestRefusedIDIsLoggedByLengthAndReasonAlone(t *testing.T) {
	var out strings.Builder
	old := slog.Default()
	slog.SetDefault(slog.New(slog.NewJSONHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug})))
	defer slog.SetDefault(old)
	ids := issuer(t, requestid.Config{Trust: func(*http.Request) bool { return true }})
	for _, tt := range inbound {
		out.Reset()
		r := get()
		r.Header["X-Request-Id"] = tt.lines
		serve(ids, r)
		wants := ""
		if tt.fault != "" {
			wants = fmt.Sprintf(`"reason":%q,"length":%d}`, tt.fault, len(tt.lines[0]))
		}
		_, got, _ := strings.Cut(out.String(), `"level"`) // without the time, which has digits, too
		if !strings.Contains(got, wants) || (wants == "") != (got == "") || strings.Contains(got, "5678") {
			t.Errorf("for %s the log says %.200q, want %q and no value", tt.name, got, wants)
		}
	}
}

func TestFirstInboundHeaderThatIsPresentCounts(t *testing.T) {
	ids := issuer(t, requestid.Config{
		Trust:   func(*http.Request) bool { return true },
		Inbound: []string{"cf-ray", "x-amzn-trace-id"},
	})
	for _, tt := range []struct {
		r    *http.Request
		want string // "" means a new ID
	}{
		{get("Cf-Ray: 12345678", "X-Amzn-Trace-Id: 87654321"), "12345678"},
		{get("X-Amzn-Trace-Id: 87654321"), "87654321"},
		{get("Cf-Ray: bad one", "X-Amzn-Trace-Id: 87654321"), ""},
		{get("X-Request-Id: 12345678"), ""},
	} {
		if id, _ := serve(ids, tt.r); tt.want != "" && id != tt.want || tt.want == "" && !format.MatchString(id) {
			t.Errorf("with %v the ID is %q, want %q", tt.r.Header, id, tt.want)
		}
	}
}

func TestGeneratorThatFailsGivesWay(t *testing.T) {
	for name, generate := range map[string]func() string{
		"panics": func() string { panic("boom") }, "panics with nil": func() string { panic(nil) },
		"empty": func() string { return "" }, "CRLF": func() string { return "a\r\nSet-Cookie: x" },
		"too long": func() string { return strings.Repeat("x", 129) },
	} {
		if id, _ := serve(issuer(t, requestid.Config{Generate: generate}), get()); !format.MatchString(id) {
			t.Errorf("with a generator that is %s the ID is %q, want the default format", name, id)
		}
	}
	for _, made := range []string{"1", strings.Repeat("x", 128)} {
		if id, _ := serve(issuer(t, requestid.Config{Generate: func() string { return made }}), get()); id != made {
			t.Errorf("the ID is %q, want that of the generator, %q", id, made)
		}
	}
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, errors.New("no entropy") }

func TestTrustAndTraceThatPanicCostNoAnswer(t *testing.T) {
	ids := issuer(t, requestid.Config{
		Trust: func(*http.Request) bool { panic("trust") },
		Trace: func(*http.Request) (requestid.Trace, bool) { panic("trace") },
	})
	if id, lines := serve(ids, get("X-Request-Id: 12345678")); !format.MatchString(id) || len(lines) != 1 || lines[0] != id {
		t.Errorf("the ID is %q and the header %q, want a new one in both, because a panic means no trust", id, lines)
	}
}

func TestTraceThatIsNotFoundIsNone(t *testing.T) {
	ids := issuer(t, requestid.Config{Trace: func(*http.Request) (requestid.Trace, bool) {
		return requestid.Trace{TraceID: "half"}, false
	}})
	ids.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if attrs := requestid.Attrs(r.Context()); len(attrs) != 1 {
			t.Errorf("Attrs = %v, want only the request ID", attrs)
		}
	})).ServeHTTP(httptest.NewRecorder(), get())
}

func TestHandlerOfNilPanics(t *testing.T) {
	defer func() {
		if recover() != "requestid: nil handler" {
			t.Error("Handler(nil) returns, or panics with another text")
		}
	}()
	issuer(t, requestid.Config{}).Handler(nil)
}

func TestFailingUUIDSourceGivesWay(t *testing.T) {
	uuid.SetRand(failing{})
	defer uuid.SetRand(nil)
	ids := issuer(t, requestid.Config{})
	one, _ := serve(ids, get())
	two, _ := serve(ids, get())
	if !format.MatchString(one) || one == two {
		t.Errorf("the IDs are %q and %q, want two different ones", one, two)
	}
}

func TestOfSeveralIssuersTheOutermostDecides(t *testing.T) {
	inner := issuer(t, requestid.Config{Generate: func() string { return "inner" }})
	outer := issuer(t, requestid.Config{Generate: func() string { return "outer" }})
	w := httptest.NewRecorder()
	outer.Handler(inner.Handler(http.NotFoundHandler())).ServeHTTP(w, get())
	if lines := w.Header()["X-Request-Id"]; len(lines) != 1 || lines[0] != "outer" {
		t.Errorf("the header is %q, want one line, outer", lines)
	}
}

func TestAppendingToTheHeaderDoesNotChangeTheID(t *testing.T) {
	ids := issuer(t, requestid.Config{Generate: func() string { return "mine" }})
	h := ids.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Add("X-Request-ID", "another")
		w.Header().Set("X-Request-ID", "a third")
		if id := requestid.FromContext(r.Context()); id != "mine" {
			t.Errorf("the ID has become %q, want mine", id)
		}
	}))
	h.ServeHTTP(httptest.NewRecorder(), get())
}

func TestNewReportsAllFaults(t *testing.T) {
	_, err := requestid.New(requestid.Config{Header: "X Y", Inbound: []string{"Fine", "", "Z\r\n"}})
	if err == nil || strings.Count(err.Error(), "requestid: ") != 3 || !strings.Contains(err.Error(), `"X Y"`) {
		t.Errorf("New = %v, want three faults, each with its value", err)
	}
}

func TestTrustPeersLooksAtTheConnection(t *testing.T) {
	trust := requestid.TrustPeers(netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fe80::/10"))
	for addr, want := range map[string]bool{
		"10.1.2.3:80": true, "11.1.2.3:80": false, "[::ffff:10.1.2.3]:80": true, "[fe80::1%eth0]:80": true,
		"[2001:db8::1]:80": false, "@": false, "": false, "10.1.2.3": false,
	} {
		r := get("X-Forwarded-For: 10.0.0.1")
		r.RemoteAddr = addr
		if got := trust(r); got != want {
			t.Errorf("a peer at %q is trusted %t, want %t", addr, got, want)
		}
	}
}

func TestUpgradeHeaderCarriesTheID(t *testing.T) {
	ids := issuer(t, requestid.Config{Header: "x-trace", Generate: func() string { return "mine" }})
	ids.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if h := requestid.UpgradeHeader(r); h.Get("X-Trace") != "mine" {
			t.Errorf("UpgradeHeader = %v, want the ID in X-Trace", h)
		}
	})).ServeHTTP(httptest.NewRecorder(), get())
	if h := requestid.UpgradeHeader(get()); h == nil || len(h) > 0 {
		t.Errorf("UpgradeHeader without an ID = %v, want an empty one", h)
	}
}

// An ID that is kept after a request must not keep the memory of that request.
func TestKeptIDDoesNotKeepTheExchange(t *testing.T) {
	var kept string
	var pinned weak.Pointer[exchange.Exchange]
	issuer(t, requestid.Config{}).Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		kept = requestid.FromContext(r.Context())
		pinned = weak.Make(exchange.From(r.Context()))
	})).ServeHTTP(httptest.NewRecorder(), get())
	runtime.GC()
	runtime.GC()
	if pinned.Value() != nil {
		t.Error("the exchange is still there after two collections")
	}
	if !format.MatchString(kept) {
		t.Errorf("the kept ID is %q", kept)
	}
}

func TestAllocationsOfAnID(t *testing.T) {
	if race.Enabled {
		t.Skip("the race detector allocates")
	}
	trust := func(*http.Request) bool { return true }
	for _, tt := range []struct {
		name string
		cfg  requestid.Config
		r    *http.Request
		most float64
	}{
		{"a fresh one", requestid.Config{}, get(), 4},
		{"one that is adopted", requestid.Config{Trust: trust}, get("X-Request-Id: 12345678"), 2},
	} {
		h := issuer(t, tt.cfg).Handler(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
		w := httptest.NewRecorder()
		if n := testing.AllocsPerRun(100, func() { h.ServeHTTP(w, tt.r) }); n > tt.most {
			t.Errorf("%s costs %v allocations, want at most %v", tt.name, n, tt.most)
		}
	}
}

func TestFromContextWithoutAnID(t *testing.T) {
	if id := requestid.FromContext(context.Background()); id != "" {
		t.Errorf("FromContext = %q, want none", id)
	}
}

func FuzzInboundID(f *testing.F) {
	for _, tt := range inbound {
		f.Add(tt.lines[0])
	}
	accepted := regexp.MustCompile(`^[A-Za-z0-9._:@+/=~-]{8,128}$`)
	ids, err := requestid.New(requestid.Config{Trust: func(*http.Request) bool { return true }})
	if err != nil {
		f.Fatal(err)
	}
	// An ID is adopted if all its characters are accepted. No other ID reaches a header.
	f.Fuzz(func(t *testing.T, in string) {
		r := get()
		r.Header["X-Request-Id"] = []string{in}
		id, _ := serve(ids, r)
		if want := accepted.MatchString(in) && !strings.HasSuffix(in, "\n"); want != (id == in) || !accepted.MatchString(id) {
			t.Errorf("%q gives %q, want it adopted %t", in, id, want)
		}
	})
}
