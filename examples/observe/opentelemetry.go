package observe

import (
	"net/http"
	"strings"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"github.com/backstop-go/backstop/middleware"
	"github.com/backstop-go/backstop/problem"
	"github.com/backstop-go/backstop/requestid"
)

const scope = "github.com/backstop-go/backstop/examples/observe"

// OpenTelemetry makes a span of each request, as a child of the caller's, and
// records how long it took. The log of errs has the IDs of the trace and the span
// beside the request ID.
func OpenTelemetry(errs *problem.Responder, traces trace.TracerProvider, metrics metric.MeterProvider) (func(http.Handler) http.Handler, error) {
	duration, err := metrics.Meter(scope).Float64Histogram("http.server.request.duration", metric.WithUnit("s"))
	if err != nil {
		return nil, err
	}
	ids, err := requestid.New(requestid.Config{Trace: traceOf})
	if err != nil {
		return nil, err
	}
	observe := func(r *http.Request, s *middleware.Summary) {
		attrs := attributes(s)
		duration.Record(r.Context(), s.Duration.Seconds(), metric.WithAttributes(attrs...))
		span := trace.SpanFromContext(r.Context())
		span.SetAttributes(attrs...)
		span.SetAttributes(attribute.String("request_id", s.ID))
		span.SetName(strings.TrimSpace(s.Method + " " + route(s)))
		if s.Status >= 500 || s.Aborted {
			span.SetStatus(codes.Error, s.Code)
		}
	}
	return middleware.Chain(
		spans(traces.Tracer(scope)),
		middleware.Observe(observe),
		middleware.Standard(errs, middleware.Config{IDs: ids}),
	), nil
}

// spans begins and ends the span. It is the outermost middleware, so that every record of
// the request has the IDs of the span.
func spans(tracer trace.Tracer) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			ctx := propagation.TraceContext{}.Extract(r.Context(), propagation.HeaderCarrier(r.Header))
			ctx, span := tracer.Start(ctx, "HTTP", trace.WithSpanKind(trace.SpanKindServer))
			defer span.End()
			next.ServeHTTP(w, r.WithContext(ctx))
		})
	}
}

// attributes returns the summary as attributes with the names of OpenTelemetry.
//
// https://opentelemetry.io/docs/specs/semconv/http/http-metrics/
func attributes(s *middleware.Summary) []attribute.KeyValue {
	attrs := []attribute.KeyValue{
		attribute.String("http.request.method", s.Method),
		attribute.Int("http.response.status_code", s.Status),
	}
	if route(s) != "" {
		attrs = append(attrs, attribute.String("http.route", route(s)))
	}
	if s.Failed {
		attrs = append(attrs, attribute.String("error.type", s.Kind.String()))
	}
	return attrs
}

// traceOf returns the trace and the span of a request for package requestid.
func traceOf(r *http.Request) (requestid.Trace, bool) {
	c := trace.SpanContextFromContext(r.Context())
	return requestid.Trace{TraceID: c.TraceID().String(), SpanID: c.SpanID().String()}, c.IsValid()
}
