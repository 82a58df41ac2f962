package requestid_test

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/slogtest"
	"time"

	"github.com/backstop-go/backstop/requestid"
)

// logged returns the line that a logger writes for a record, in the context of a request with all
// IDs.
func logged(t *testing.T, use func(context.Context, *slog.Logger)) (line string) {
	t.Helper()
	var out bytes.Buffer
	h := requestid.NewLogHandler(slog.NewJSONHandler(&out, &slog.HandlerOptions{
		ReplaceAttr: func(groups []string, a slog.Attr) slog.Attr {
			if len(groups) == 0 && (a.Key == slog.TimeKey || a.Key == slog.LevelKey || a.Key == slog.MessageKey) {
				return slog.Attr{}
			}
			return a
		},
	}))
	ids := issuer(t, requestid.Config{Generate: func() string { return "mine" }, Trace: requestid.TraceParent})
	ids.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		use(r.Context(), slog.New(h))
	})).ServeHTTP(httptest.NewRecorder(), get("X-Request-Id: theirs-123", "Traceparent: "+parent))
	return strings.TrimSpace(out.String())
}

const root = `"request_id":"mine","client_request_id":"theirs-123","trace_id":"` + traceID + `","span_id":"` + spanID + `"`

func TestLogHandlerAddsTheIDsAtTheRoot(t *testing.T) {
	for _, tt := range []struct {
		name string
		use  func(context.Context, *slog.Logger)
		want string
	}{
		{"plain", func(ctx context.Context, l *slog.Logger) { l.InfoContext(ctx, "") }, `{` + root + `}`},
		{
			"with an attribute", func(ctx context.Context, l *slog.Logger) { l.With("a", 1).InfoContext(ctx, "", "b", 2) },
			`{"a":1,"b":2,` + root + `}`,
		},
		{
			"in a group", func(ctx context.Context, l *slog.Logger) { l.WithGroup("g").InfoContext(ctx, "", "b", 2) },
			`{"g":{"b":2},` + root + `}`,
		},
		{"in an empty group", func(ctx context.Context, l *slog.Logger) { l.WithGroup("g").InfoContext(ctx, "") }, `{` + root + `}`},
		{"in groups with attributes", func(ctx context.Context, l *slog.Logger) {
			l.With("a", 1).WithGroup("g").With("b", 2).WithGroup("h").With("c", 3).InfoContext(ctx, "", "d", 4)
		}, `{"a":1,"g":{"b":2,"h":{"c":3,"d":4}},` + root + `}`},
		{
			"a group without a name", func(ctx context.Context, l *slog.Logger) { l.WithGroup("").InfoContext(ctx, "", "b", 2) },
			`{"b":2,` + root + `}`,
		},
		{
			"a record that has the key", func(ctx context.Context, l *slog.Logger) { l.InfoContext(ctx, "", "request_id", "own") },
			`{"request_id":"own",` + root[len(`"request_id":"mine",`):] + `}`,
		},
		{
			"a logger that has the key", func(ctx context.Context, l *slog.Logger) { l.With("request_id", "own").InfoContext(ctx, "") },
			`{"request_id":"own",` + root[len(`"request_id":"mine",`):] + `}`,
		},
		{"the key within a group is another one", func(ctx context.Context, l *slog.Logger) {
			l.WithGroup("g").InfoContext(ctx, "", "request_id", "own")
		}, `{"g":{"request_id":"own"},` + root + `}`},
		{"a handler around a handler", func(ctx context.Context, l *slog.Logger) {
			slog.New(requestid.NewLogHandler(l.Handler())).WithGroup("g").InfoContext(ctx, "", "b", 2)
		}, `{"g":{"b":2},` + root + `}`},
		{"outside an exchange", func(_ context.Context, l *slog.Logger) { l.Info("", "b", 2) }, `{"b":2}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := logged(t, tt.use); got != tt.want {
				t.Errorf("the record is %s, want %s", got, tt.want)
			}
		})
	}
}

func TestTrustedClientIDIsLoggedOnlyAsTheRequestID(t *testing.T) {
	ids := issuer(t, requestid.Config{Trust: func(*http.Request) bool { return true }})
	ids.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if attrs := requestid.Attrs(r.Context()); len(attrs) != 1 || attrs[0].String() != "request_id=theirs-123" {
			t.Errorf("Attrs = %v, want only the request ID", attrs)
		}
	})).ServeHTTP(httptest.NewRecorder(), get("X-Request-Id: theirs-123"))
}

func TestDerivedLoggersDoNotDisturbEachOther(t *testing.T) {
	logged(t, func(ctx context.Context, l *slog.Logger) {
		base := l.WithGroup("g").With("a", 1)
		var wg sync.WaitGroup
		for i := range 20 {
			wg.Go(func() { base.With("own", i).InfoContext(ctx, "", "again", i) })
		}
		wg.Wait()
	})
	got := logged(t, func(ctx context.Context, l *slog.Logger) {
		base := l.WithGroup("g").With("a", 1)
		base.With("b", 2)
		base.With("c", 3).InfoContext(ctx, "")
	})
	if want := `{"g":{"a":1,"c":3},` + root + `}`; got != want {
		t.Errorf("the record is %s, want %s", got, want)
	}
}

// Two loggers that are derived from one logger must not share the memory of their attributes.
func TestLoggersThatAreDerivedTwiceKeepTheirAttributes(t *testing.T) {
	got := logged(t, func(ctx context.Context, l *slog.Logger) {
		base := l.With("a", 1, "b", 2, "c", 3)
		mine := base.With("request_id", "own")
		base.With("d", 4)
		mine.InfoContext(ctx, "")
	})
	if strings.Count(got, `"request_id"`) != 1 || !strings.Contains(got, `"request_id":"own"`) {
		t.Errorf("at the root the record is %s, want only the request_id of the logger", got)
	}
	got = logged(t, func(ctx context.Context, l *slog.Logger) {
		base := l.WithGroup("g").With("a", 1, "b", 2, "c", 3).With("d", 4)
		mine := base.With("e", 5)
		base.With("f", 6)
		mine.InfoContext(ctx, "")
	})
	if want := `{"g":{"a":1,"b":2,"c":3,"d":4,"e":5},` + root + `}`; got != want {
		t.Errorf("in a group the record is %s, want %s", got, want)
	}
}

func TestLogHandlerAsksForTheLevelAndCopiesTheRecord(t *testing.T) {
	var out bytes.Buffer
	h := requestid.NewLogHandler(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelWarn}))
	slog.New(h).Info("no")
	if out.Len() > 0 {
		t.Errorf("the log is %q, want nothing below the level of the wrapped handler", out.String())
	}
	if h.WithGroup("") != h {
		t.Error("a group without a name makes another handler")
	}
	ids := issuer(t, requestid.Config{})
	ids.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		rec := slog.NewRecord(time.Now(), slog.LevelError, "", 0)
		for range 7 { // more attributes than fit into a record without an allocation
			rec.AddAttrs(slog.Int("a", 1))
		}
		rec.AddAttrs(slog.Int("b", 2))
		h.Handle(r.Context(), rec)
		rec.AddAttrs(slog.Int("c", 3))
		if n := rec.NumAttrs(); n != 9 {
			t.Errorf("the record of the caller has %d attributes, want nine as before", n)
		}
	})).ServeHTTP(httptest.NewRecorder(), get())
}

func TestLogHandlerKeepsTheContractOfHandlers(t *testing.T) {
	var out bytes.Buffer
	slogtest.Run(t, func(*testing.T) slog.Handler {
		out.Reset()
		return requestid.NewLogHandler(slog.NewJSONHandler(&out, nil))
	}, func(t *testing.T) map[string]any {
		m := map[string]any{}
		if err := json.Unmarshal(out.Bytes(), &m); err != nil {
			t.Fatal(err)
		}
		return m
	})
}

// NewLogHandler must not wrap the default handler, because that would deadlock: slog.SetDefault
// makes package log write to slog, and the default handler makes slog write to package log.
func TestLogHandlerRefusesTheDefault(t *testing.T) {
	for _, tt := range []struct {
		name string
		next slog.Handler
		want string
	}{
		{"nil", nil, "nil log handler"},
		{"the default", slog.Default().Handler(), "wrap a slog.NewTextHandler or a slog.NewJSONHandler"},
		{"the default with attributes", slog.Default().Handler().WithAttrs([]slog.Attr{slog.Int("a", 1)}), "NewJSONHandler"},
		{"the default in a group", slog.Default().Handler().WithGroup("g"), "NewJSONHandler"},
	} {
		func() {
			defer func() {
				if text, ok := recover().(string); !ok || !strings.HasPrefix(text, "requestid: ") || !strings.Contains(text, tt.want) {
					t.Errorf("NewLogHandler of %s panics with %q, want a sentence with %q", tt.name, text, tt.want)
				}
			}()
			requestid.NewLogHandler(tt.next)
		}()
	}
}
