package main

import (
	"bytes"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func TestEveryStackAnswersEachCase(t *testing.T) {
	for i := range wireStacks {
		stack := &wireStacks[i]
		web := httptest.NewServer(stack.make())
		t.Cleanup(web.Close)
		s := server{stack: stack, url: web.URL + "/orders"}
		for _, c := range wireCases {
			t.Run(stack.name+"/"+c.name, func(t *testing.T) {
				if err := s.verify(&c); err != nil {
					t.Error(err)
				}
			})
		}
	}
}

func TestWireWithoutWrkSaysSo(t *testing.T) {
	t.Setenv("PATH", "")
	var out strings.Builder
	if err := wire(&out, 1, time.Second); err != nil || !strings.Contains(out.String(), "apt-get install wrk") {
		t.Errorf("wire = %v and %q, want a sentence that says what to install", err, out.String())
	}
}

func TestServeEndsWithItsInput(t *testing.T) {
	var out bytes.Buffer
	if err := serve([]string{reference}, strings.NewReader(""), &out); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(out.String(), "http://127.0.0.1:") {
		t.Errorf("serve has printed %q, want its address", out.String())
	}
	if err := serve([]string{"nobody"}, strings.NewReader(""), &out); err == nil {
		t.Error(`serve("nobody") = nil, want an error`)
	}
}

func TestRequestsIn(t *testing.T) {
	const head = `Running 1s test @ http://127.0.0.1:4711/orders
  1 threads and 16 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency   375.99us  390.45us   8.19ms   91.53%
`
	for _, tt := range []struct {
		name, report string
		status, want int // 0: an error
	}{
		{"all served", head + "  46291 requests in 1.10s, 10.02MB read\n", 200, 46291},
		{"all refused, as wanted", head + "  500 requests in 1.10s, 1MB read\n  Non-2xx or 3xx responses: 500\n", 400, 500},
		{"some failed", head + "  500 requests in 1.10s, 1MB read\n  Non-2xx or 3xx responses: 3\n", 200, 0},
		{"some were served instead", head + "  500 requests in 1.10s, 1MB read\n  Non-2xx or 3xx responses: 499\n", 400, 0},
		{"sockets broke", head + "  500 requests in 1.10s, 1MB read\n  Socket errors: connect 0, read 3, write 0, timeout 0\n", 200, 0},
		{"nothing was sent", head + "  0 requests in 1.10s, 0.00B read\n", 200, 0},
		{"no report", "", 200, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := requestsIn(tt.report, tt.status)
			if got != tt.want || (err == nil) != (tt.want > 0) {
				t.Errorf("requestsIn = %d, %v, want %d", got, err, tt.want)
			}
		})
	}
}
