package bench_test

import (
	"encoding/binary"
	"hash/maphash"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/didip/tollbooth/v7"
	"github.com/go-chi/httprate"
	"github.com/labstack/echo/v4"
	echomiddleware "github.com/labstack/echo/v4/middleware"
	"github.com/sethvargo/go-limiter/httplimit"
	"github.com/sethvargo/go-limiter/memorystore"
	"github.com/throttled/throttled/v2"
	"github.com/throttled/throttled/v2/store/memstore"
	ulule "github.com/ulule/limiter/v3"
	ululehttp "github.com/ulule/limiter/v3/drivers/middleware/stdlib"
	ululememory "github.com/ulule/limiter/v3/drivers/store/memory"
	"golang.org/x/time/rate"

	"github.com/backstop-go/backstop/middleware"
	"github.com/backstop-go/backstop/problem"
	"github.com/backstop-go/backstop/problem/entryguard"
	"github.com/backstop-go/backstop/ratelimit"
)

// Quotas are per hour, so that nothing comes back while we measure.
const (
	plenty   = 400_000_000
	manyKeys = 1 << 20
	fewKeys  = 1 << 16 // our default bound, and that of throttled's example
)

func BenchmarkAllowedHotKey(b *testing.B)         { allowedHotKey().run(b) }
func BenchmarkAllowedHotKeyParallel(b *testing.B) { allowedHotKeyParallel().run(b) }
func BenchmarkAllowedManyKeys(b *testing.B)       { allowedManyKeys().run(b) }
func BenchmarkRefused(b *testing.B)               { refused().run(b) }
func BenchmarkNewKeyAtCap(b *testing.B)           { newKeyAtCap().run(b) }
func BenchmarkStoreHotKey(b *testing.B)           { storeHotKey().run(b) }

func allowedHotKey() race {
	return race{
		name:       "AllowedHotKey",
		want:       answer{status: 200, body: []string{"ok"}},
		contenders: append(limiters(plenty, fewKeys), insideStandard()...),
	}
}

func allowedHotKeyParallel() race {
	rc := allowedHotKey()
	rc.name, rc.callers = "AllowedHotKeyParallel", 1
	return rc
}

func allowedManyKeys() race {
	return race{
		name:       "AllowedManyKeys",
		request:    request{addr: addrs(manyKeys)},
		before:     manyKeys,
		want:       answer{status: 200, body: []string{"ok"}},
		callers:    1,
		contenders: limiters(plenty, 2*manyKeys), // twice, so that shards need not be equally full
	}
}

func refused() race {
	return race{
		name:       "Refused",
		before:     1,
		want:       answer{status: 429},
		callers:    1,
		contenders: limiters(1, fewKeys),
	}
}

// newKeyAtCap is a flood of keys that were never seen. Only Backstop and
// throttled are bounded; to the others it is an insertion.
func newKeyAtCap() race {
	return race{
		name:       "NewKeyAtCap",
		request:    request{addr: newAddr},
		before:     2 * fewKeys,
		want:       answer{status: 200, body: []string{"ok"}},
		contenders: limiters(10, fewKeys),
	}
}

// limiters are middlewares that admit n requests per hour and address, and say
// so in headers.
func limiters(n, keys int) []contender {
	xFields := answer{header: []string{"X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset"}}
	return []contender{
		{"backstop", byBackstop(n, keys), xFields},
		{"byhand", byHand(n), xFields},
		{"httprate", httprate.LimitBy(n, time.Hour, remoteHost)(ok), xFields},
		{"throttled", byThrottled(n, keys), xFields},
		{"go-limiter", byGoLimiter(n), xFields},
		{"ulule", byUlule(n), xFields},
		{"tollbooth", byTollbooth(n), answer{header: []string{"RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset"}}},
		{"echo", byEcho(n), answer{}}, // tells the client no numbers
	}
}

func newLimiter(n, keys int) *ratelimit.Limiter {
	return must(ratelimit.New(ratelimit.Config{
		Name:  "bench",
		Rate:  ratelimit.PerHour(n),
		Key:   ratelimit.RemoteIP,
		Store: must(ratelimit.NewMemory(ratelimit.MemoryConfig{MaxKeys: keys})),
	}))
}

// byBackstop answers refusals in a vendor's envelope; all others send a line of
// text.
func byBackstop(n, keys int) http.Handler {
	return problem.New(problem.Config{Style: entryguard.Style, Logger: silent}).Handler(newLimiter(n, keys).Handler(ok))
}

// insideStandard are the limiter in its usual place, and that place without it.
func insideStandard() []contender {
	standard := middleware.Standard(problem.New(problem.Config{Style: entryguard.Style, Logger: silent}))
	return []contender{
		{"Standard", standard(ok), answer{header: []string{"X-Request-Id"}}},
		{"Standard+backstop", standard(newLimiter(plenty, fewKeys).Handler(ok)), answer{header: []string{"X-Request-Id", "X-RateLimit-Limit"}}},
	}
}

func remoteHost(r *http.Request) (string, error) {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	return httprate.CanonicalizeIP(host), err
}

func byThrottled(n, keys int) http.Handler {
	limiter := must(throttled.NewGCRARateLimiterCtx(must(memstore.NewCtx(keys)), throttled.RateQuota{
		MaxRate:  throttled.PerHour(n),
		MaxBurst: n - 1,
	}))
	t := throttled.HTTPRateLimiterCtx{RateLimiter: limiter, VaryBy: &throttled.VaryBy{RemoteAddr: true}}
	return t.RateLimit(ok)
}

func byGoLimiter(n int) http.Handler {
	store := must(memorystore.New(&memorystore.Config{Tokens: uint64(n), Interval: time.Hour}))
	return must(httplimit.NewMiddleware(store, httplimit.IPKeyFunc())).Handle(ok)
}

func byUlule(n int) http.Handler {
	limiter := ulule.New(ululememory.NewStore(), ulule.Rate{Period: time.Hour, Limit: int64(n)})
	return ululehttp.NewMiddleware(limiter).Handler(ok)
}

func byTollbooth(n int) http.Handler {
	limiter := tollbooth.NewLimiter(float64(n)/time.Hour.Seconds(), nil).SetBurst(n).SetIPLookups([]string{"RemoteAddr"})
	return tollbooth.LimitHandler(limiter, ok)
}

func byEcho(n int) http.Handler {
	e := echo.New()
	e.IPExtractor = echo.ExtractIPDirect()
	e.Use(echomiddleware.RateLimiter(echomiddleware.NewRateLimiterMemoryStoreWithConfig(
		echomiddleware.RateLimiterMemoryStoreConfig{
			Rate: rate.Limit(float64(n) / time.Hour.Seconds()), Burst: n, ExpiresIn: time.Hour,
		})))
	e.GET("/", func(c echo.Context) error { return c.Blob(http.StatusOK, "text/plain", okBody) })
	return e
}

// byHand is the limiter of many blog posts, in 64 parts: it never forgets.
func byHand(n int) http.Handler {
	type shard struct {
		sync.Mutex
		buckets map[string]*rate.Limiter
	}
	seed := maphash.MakeSeed()
	var shards [64]shard
	for i := range shards {
		shards[i].buckets = map[string]*rate.Limiter{}
	}
	perSecond := rate.Limit(float64(n) / time.Hour.Seconds())
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host, _, err := net.SplitHostPort(r.RemoteAddr)
		if err != nil {
			http.Error(w, "no address", http.StatusInternalServerError)
			return
		}
		s := &shards[maphash.String(seed, host)%uint64(len(shards))]
		s.Lock()
		bucket := s.buckets[host]
		if bucket == nil {
			bucket = rate.NewLimiter(perSecond, n)
			s.buckets[host] = bucket
		}
		s.Unlock()
		now := time.Now()
		allowed := bucket.AllowN(now, 1)
		left := max(bucket.TokensAt(now), 0)
		full := now.Add(time.Duration((float64(n) - left) / float64(perSecond) * float64(time.Second)))
		h := w.Header()
		h.Set("X-RateLimit-Limit", strconv.Itoa(n))
		h.Set("X-RateLimit-Remaining", strconv.Itoa(int(left)))
		h.Set("X-RateLimit-Reset", strconv.FormatInt(full.Unix(), 10))
		if !allowed {
			h.Set("Retry-After", strconv.Itoa(int(time.Hour.Seconds())/n))
			http.Error(w, "rate limit exceeded", http.StatusTooManyRequests)
			return
		}
		ok.ServeHTTP(w, r)
	})
}

// storeHotKey is the decision alone, without HTTP.
func storeHotKey() race {
	const key = "192.0.2.1"
	decider := func(by string, allow func(r *http.Request) bool) contender {
		return contender{by: by, handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if !allow(r) {
				w.WriteHeader(http.StatusTooManyRequests)
			}
		})}
	}
	memory := must(ratelimit.NewMemory(ratelimit.MemoryConfig{}))
	limits := []ratelimit.Limit{{Policy: "bench", Key: key, Rate: ratelimit.PerHour(plenty), Cost: 1}}
	states := make([]ratelimit.State, 1)
	gcra := must(throttled.NewGCRARateLimiterCtx(must(memstore.NewCtx(fewKeys)), throttled.RateQuota{
		MaxRate: throttled.PerHour(plenty), MaxBurst: plenty - 1,
	}))
	tokens := must(memorystore.New(&memorystore.Config{Tokens: plenty, Interval: time.Hour}))
	window := ulule.New(ululememory.NewStore(), ulule.Rate{Period: time.Hour, Limit: plenty})
	booth := tollbooth.NewLimiter(plenty/time.Hour.Seconds(), nil).SetBurst(plenty)
	visitors := echomiddleware.NewRateLimiterMemoryStoreWithConfig(echomiddleware.RateLimiterMemoryStoreConfig{
		Rate: rate.Limit(plenty / time.Hour.Seconds()), Burst: plenty, ExpiresIn: time.Hour,
	})
	return race{name: "StoreHotKey", want: answer{status: 200}, contenders: []contender{
		decider("backstop", func(r *http.Request) bool {
			return memory.Take(r.Context(), limits, states) == nil && states[0].Allowed
		}),
		decider("throttled", func(r *http.Request) bool {
			limited, _, err := gcra.RateLimitCtx(r.Context(), key, 1)
			return err == nil && !limited
		}),
		decider("go-limiter", func(r *http.Request) bool {
			_, _, _, taken, err := tokens.Take(r.Context(), key)
			return err == nil && taken
		}),
		decider("ulule", func(r *http.Request) bool {
			context, err := window.Get(r.Context(), key)
			return err == nil && !context.Reached
		}),
		decider("tollbooth", func(*http.Request) bool { return tollbooth.LimitByKeys(booth, []string{key}) == nil }),
		decider("echo", func(*http.Request) bool {
			allowed, err := visitors.Allow(key)
			return err == nil && allowed
		}),
	}}
}

// addrs returns a walk through n addresses, n being a power of two, in an order
// that no cache foresees. They are made in advance.
func addrs(n uint64) func(uint64) string {
	made := sync.OnceValue(func() []string {
		all := make([]string, n)
		for i := range all {
			all[i] = newAddr(uint64(i))
		}
		return all
	})
	return func(i uint64) string {
		const odd = 0x9e3779b97f4a7c15 // odd, so the products go through all
		return made()[i*odd&(n-1)]
	}
}

// newAddr returns an address that no other i has.
func newAddr(i uint64) string {
	var ip [4]byte
	binary.BigEndian.PutUint32(ip[:], uint32(i)+1<<24)
	var text [24]byte
	return string(netip.AddrPortFrom(netip.AddrFrom4(ip), 4711).AppendTo(text[:0]))
}
