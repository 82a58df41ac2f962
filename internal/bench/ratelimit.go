package main

import (
	"context"
	"encoding/binary"
	"hash/maphash"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"sync"
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
	"github.com/backstop-go/backstop/ratelimit"
)

// Quotas are per hour, so that nothing comes back while we measure.
const (
	plenty   = 400_000_000
	manyKeys = 1 << 20
	fewKeys  = 1 << 16 // our default bound, and that of throttled's example
)

func allowedHotKey() race {
	return race{
		want:       answer{status: 200, body: []string{"ok"}},
		contenders: append(limiters(plenty, fewKeys), insideStandard()...),
	}
}

func allowedManyKeys() race {
	return race{
		request:    request{addr: addrs(manyKeys)},
		before:     manyKeys,
		want:       answer{status: 200, body: []string{"ok"}},
		contenders: limiters(plenty, 2*manyKeys)[:6], // twice, so that shards need not be equally full
	}
}

// refused is answered in a vendor's envelope by us, and with a line of text by
// all others.
func refused() race {
	all := limiters(1, fewKeys)
	errs := responder()
	all[0].handler = errs.Handler(all[0].handler)
	all[0].want.body = []string{`"status":429`}
	for i := range all[1:] {
		all[1+i].less = "plain text"
	}
	return race{before: 1, want: answer{status: 429}, contenders: all}
}

// newKeyAtCap is a flood of keys that were never seen. Only Backstop and
// throttled are bounded; to the others it is an insertion.
func newKeyAtCap() race {
	return race{
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
	trio := answer{header: []string{"RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset"}}
	return []contender{
		{by: "backstop", want: xFields, handler: newLimiter(n, keys).Handler(ok)},
		{by: "by hand", want: xFields, handler: byHand(n)},
		{by: "httprate", want: xFields, handler: httprate.LimitBy(n, time.Hour, remoteHost)(ok)},
		{by: "throttled", want: xFields, handler: byThrottled(n, keys)},
		{by: "go-limiter", want: xFields, handler: byGoLimiter(n)},
		{by: "ulule", want: xFields, handler: byUlule(n)},
		{by: "tollbooth", want: trio, handler: byTollbooth(n)},
		{by: "echo", handler: byEcho(n), less: "tells no numbers"},
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

// insideStandard are limiters in their usual place, and that place without one.
func insideStandard() []contender {
	standard := middleware.Standard(responder())
	return []contender{
		{by: "Standard", handler: standard(ok)},
		{
			by: "Standard+backstop", above: "Standard", handler: standard(newLimiter(plenty, fewKeys).Handler(ok)),
			want: answer{header: []string{"X-Request-Id", "X-RateLimit-Limit"}},
		},
	}
}

func remoteHost(r *http.Request) (string, error) {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	return httprate.CanonicalizeIP(host), err
}

func byThrottled(n, keys int) http.Handler {
	t := throttled.HTTPRateLimiterCtx{RateLimiter: throttledLimiter(n, keys), VaryBy: &throttled.VaryBy{RemoteAddr: true}}
	return t.RateLimit(ok)
}

func throttledLimiter(n, keys int) *throttled.GCRARateLimiterCtx {
	return must(throttled.NewGCRARateLimiterCtx(must(memstore.NewCtx(keys)), throttled.RateQuota{
		MaxRate:  throttled.PerHour(n),
		MaxBurst: n - 1,
	}))
}

func byGoLimiter(n int) http.Handler {
	store := must(memorystore.New(&memorystore.Config{Tokens: uint64(n), Interval: time.Hour}))
	return must(httplimit.NewMiddleware(store, httplimit.IPKeyFunc())).Handle(ok)
}

func byUlule(n int) http.Handler {
	return ululehttp.NewMiddleware(ululeLimiter(n)).Handler(ok)
}

func ululeLimiter(n int) *ulule.Limiter {
	return ulule.New(ululememory.NewStore(), ulule.Rate{Period: time.Hour, Limit: int64(n)})
}

func byTollbooth(n int) http.Handler {
	limiter := tollbooth.NewLimiter(float64(n)/time.Hour.Seconds(), nil).SetBurst(n).SetIPLookups([]string{"RemoteAddr"})
	return tollbooth.LimitHandler(limiter, ok)
}

func byEcho(n int) http.Handler {
	e := echo.New()
	e.IPExtractor = echo.ExtractIPDirect()
	e.Use(echomiddleware.RateLimiter(echoStore(n)))
	e.GET("/", func(c echo.Context) error { return c.Blob(http.StatusOK, "text/plain", okBody) })
	return e
}

func echoStore(n int) *echomiddleware.RateLimiterMemoryStore {
	return echomiddleware.NewRateLimiterMemoryStoreWithConfig(echomiddleware.RateLimiterMemoryStoreConfig{
		Rate: rate.Limit(float64(n) / time.Hour.Seconds()), Burst: n, ExpiresIn: time.Hour,
	})
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

// take is the decision alone, without HTTP.
func take() race {
	const key = "192.0.2.1"
	ctx := context.Background()
	memory := must(ratelimit.NewMemory(ratelimit.MemoryConfig{}))
	limits := []ratelimit.Limit{{Policy: "bench", Key: key, Rate: ratelimit.PerHour(plenty), Cost: 1}}
	states := make([]ratelimit.State, 1)
	gcra := throttledLimiter(plenty, fewKeys)
	tokens := must(memorystore.New(&memorystore.Config{Tokens: plenty, Interval: time.Hour}))
	window := ululeLimiter(plenty)
	booth := tollbooth.NewLimiter(plenty/time.Hour.Seconds(), nil).SetBurst(plenty)
	visitors := echoStore(plenty)
	return race{want: answer{status: 200}, contenders: []contender{
		{by: "backstop", call: func(uint64) int {
			err := memory.Take(ctx, limits, states)
			return decided(states[0].Allowed, err)
		}},
		{by: "throttled", call: func(uint64) int {
			limited, _, err := gcra.RateLimitCtx(ctx, key, 1)
			return decided(!limited, err)
		}},
		{by: "go-limiter", call: func(uint64) int {
			_, _, _, taken, err := tokens.Take(ctx, key)
			return decided(taken, err)
		}},
		{by: "ulule", call: func(uint64) int {
			state, err := window.Get(ctx, key)
			return decided(!state.Reached, err)
		}},
		{by: "tollbooth", less: "no numbers", call: func(uint64) int {
			return decided(tollbooth.LimitByKeys(booth, []string{key}) == nil, nil)
		}},
		{by: "echo", less: "no numbers", call: func(uint64) int {
			allowed, err := visitors.Allow(key)
			return decided(allowed, err)
		}},
	}}
}

// decided is a decision as a status.
func decided(allowed bool, err error) int {
	switch {
	case err != nil:
		return http.StatusInternalServerError
	case !allowed:
		return http.StatusTooManyRequests
	default:
		return http.StatusOK
	}
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
