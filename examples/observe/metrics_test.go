package observe_test

import (
	"bytes"
	"log/slog"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/backstop-go/backstop/examples/observe"
	"github.com/backstop-go/backstop/middleware"
	"github.com/backstop-go/backstop/problem"
	"github.com/backstop-go/backstop/requestid"
)

func TestPrometheus(t *testing.T) {
	reg := prometheus.NewRegistry()
	errs := problem.New(problem.Config{Logger: slog.New(slog.DiscardHandler)})
	app := middleware.Chain(observe.Prometheus(reg), middleware.Standard(errs))(service())
	for _, request := range []string{
		"GET /users/1", "GET /users/1", "GET /users/7", "GET /users/2", "GET /users/3",
		"GET /nowhere/1", "GET /nowhere/2", "BREW /users/1",
	} {
		method, path, _ := strings.Cut(request, " ")
		ask(app, method, path)
	}
	w := httptest.NewRecorder()
	promhttp.HandlerFor(reg, promhttp.HandlerOpts{}).ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	var got []string
	for line := range strings.Lines(w.Body.String()) {
		if strings.HasPrefix(line, "http_requests_") || strings.HasPrefix(line, "http_request_duration_seconds_count") {
			got = append(got, strings.TrimSpace(line))
		}
	}
	want := []string{
		`http_request_duration_seconds_count{method="GET",route=""} 2`,
		`http_request_duration_seconds_count{method="GET",route="/users/{id}"} 5`,
		`http_request_duration_seconds_count{method="_OTHER",route=""} 1`,
		`http_requests_aborted_total 1`,
		`http_requests_total{error="",method="GET",route="/users/{id}",status="200"} 2`,
		`http_requests_total{error="internal",method="GET",route="/users/{id}",status="200"} 1`, // cut
		`http_requests_total{error="internal",method="GET",route="/users/{id}",status="500"} 1`,
		`http_requests_total{error="method_not_allowed",method="_OTHER",route="",status="405"} 1`,
		`http_requests_total{error="not_found",method="GET",route="",status="404"} 2`,
		`http_requests_total{error="not_found",method="GET",route="/users/{id}",status="404"} 1`,
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("the metrics are\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestOpenTelemetry(t *testing.T) {
	var log bytes.Buffer
	errs := problem.New(problem.Config{Logger: slog.New(requestid.NewLogHandler(slog.NewJSONHandler(&log, nil)))})
	spans, reader := tracetest.NewSpanRecorder(), sdkmetric.NewManualReader()
	mw, err := observe.OpenTelemetry(errs,
		sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(spans)),
		sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader)))
	if err != nil {
		t.Fatal(err)
	}
	app := mw(service())
	const traceID = "4bf92f3577b34da6a3ce929d0e0e4736"
	ids := []string{
		ask(app, "GET", "/users/1"),
		ask(app, "GET", "/users/2", "Traceparent", "00-"+traceID+"-00f067aa0ba902b7-01"),
		ask(app, "GET", "/nowhere"),
	}

	type span struct {
		name   string
		status codes.Code
		attrs  []attribute.KeyValue
	}
	for i, want := range []span{
		{"GET /users/{id}", codes.Unset, []attribute.KeyValue{attribute.Int("http.response.status_code", 200), attribute.String("http.route", "/users/{id}")}},
		{"GET /users/{id}", codes.Error, []attribute.KeyValue{attribute.Int("http.response.status_code", 500), attribute.String("error.type", "internal")}},
		{"GET", codes.Unset, []attribute.KeyValue{attribute.Int("http.response.status_code", 404), attribute.String("error.type", "not_found")}},
	} {
		got := spans.Ended()[i]
		if got.Name() != want.name || got.Status().Code != want.status {
			t.Errorf("span %d is %q with status %v, want %q with %v", i, got.Name(), got.Status(), want.name, want.status)
		}
		for _, attr := range append(want.attrs, attribute.String("request_id", ids[i])) {
			if !slices.Contains(got.Attributes(), attr) {
				t.Errorf("span %d has %v, want %v among them", i, got.Attributes(), attr)
			}
		}
	}

	failed := spans.Ended()[1].SpanContext()
	if failed.TraceID().String() != traceID {
		t.Errorf("the trace is %v, want the caller's", failed.TraceID())
	}
	if r := records(t, &log)[0]; r.TraceID != traceID || r.SpanID != failed.SpanID().String() || r.RequestID != ids[1] {
		t.Errorf("the log says %+v, want the trace, the span %v and the request ID", r, failed.SpanID())
	}

	var all metricdata.ResourceMetrics
	if err := reader.Collect(t.Context(), &all); err != nil {
		t.Fatal(err)
	}
	histogram, ok := all.ScopeMetrics[0].Metrics[0].Data.(metricdata.Histogram[float64])
	if !ok || len(histogram.DataPoints) != 3 {
		t.Errorf("the metric is %+v, want a histogram with three points", all.ScopeMetrics[0].Metrics[0])
	}
}
