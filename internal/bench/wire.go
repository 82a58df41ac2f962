package main

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"

	"github.com/backstop-go/backstop/middleware"
)

// A wireCase is a request that wrk sends.
type wireCase struct {
	name   string
	body   string
	status int
	target float64 // of our CPU time to that of [reference]
}

var wireCases = []wireCase{
	{"GET", "", 200, 1.12},
	{"POST 65 B, valid", smallBody, 201, 1.03},
	{"POST 65 B, invalid, envelope", wrongBody, 400, 1.03},
}

// A wireStack is a server that answers all cases.
type wireStack struct {
	name   string
	make   func() http.Handler
	fields []string // of the header, on every answer
	less   string   // what it does not answer, although ours does
}

// reference is the stack that the others are compared with.
const reference = "net/http, same four fields"

// oursOnWire is the stack that the targets are for.
const oursOnWire = "Standard + limiter + validate"

var wireFields = []string{"X-Request-Id", "X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset"}

var wireStacks = []wireStack{
	{reference, func() http.Handler { return orders(withFields) }, wireFields, "no limit, no net under panics"},
	{"bare", func() http.Handler { return orders(middleware.Chain()) }, nil, "no fields, no limit, no net under panics"},
	{oursOnWire, func() http.Handler { return backstopStack(plenty) }, wireFields, ""},
	{"chi RequestID + Recoverer + httprate", func() http.Handler { return chiStack(plenty) }, wireFields[1:], "sends no ID, plain text for 429, no body for 500"},
	{"gin + Recovery", ginRecovery, nil, "sends no ID, no limit, no body for 500"},
}

// errNoWrk says what to do about it.
var errNoWrk = errors.New("make wire needs wrk, which is not installed: apt-get install wrk")

// wire lets the stacks answer the same load in turn, each in a process of its
// own, and prints how much CPU time a request took there.
func wire(w io.Writer, rounds int, turn time.Duration) error {
	if _, err := exec.LookPath("wrk"); err != nil {
		fmt.Fprintln(w, errNoWrk)
		return nil
	}
	dir, err := os.MkdirTemp("", "bench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	servers := make([]*server, len(wireStacks))
	for i := range wireStacks {
		if servers[i], err = startServer(wireStacks[i].name); err != nil {
			return err
		}
		defer servers[i].stop()
	}
	times := map[string]map[string][]float64{} // by case and stack
	for _, c := range wireCases {
		fmt.Fprintln(os.Stderr, c.name)
		if times[c.name], err = wireRounds(&c, servers, dir, rounds, turn); err != nil {
			return err
		}
	}
	fmt.Fprintf(w, "%s\nwrk with 16 connections on loopback; %s of the server, stacks in turn, medians of %d × %v.\n\n", machine(), clock, rounds, turn)
	printWire(w, times)
	return nil
}

// wireRounds measures one case. Every second round goes backwards.
func wireRounds(c *wireCase, servers []*server, dir string, rounds int, turn time.Duration) (map[string][]float64, error) {
	script := filepath.Join(dir, "case.lua")
	if err := os.WriteFile(script, []byte(c.script()), 0o600); err != nil {
		return nil, err
	}
	for _, s := range servers {
		if err := s.verify(c); err != nil {
			return nil, err
		}
		if _, err := s.load(c, script, turn); err != nil { // warms up
			return nil, err
		}
	}
	times := map[string][]float64{}
	order := slices.Clone(servers)
	for range rounds {
		for _, s := range order {
			ns, err := s.load(c, script, turn)
			if err != nil {
				return nil, err
			}
			times[s.stack.name] = append(times[s.stack.name], ns)
		}
		slices.Reverse(order)
	}
	return times, nil
}

// script tells wrk what to send.
func (c *wireCase) script() string {
	if c.body == "" {
		return ""
	}
	return fmt.Sprintf("wrk.method = \"POST\"\nwrk.body = %q\nwrk.headers[\"Content-Type\"] = \"application/json\"\n", c.body)
}

func stackNamed(name string) *wireStack {
	i := slices.IndexFunc(wireStacks, func(s wireStack) bool { return s.name == name })
	if i < 0 {
		return nil
	}
	return &wireStacks[i]
}

// printWire shows the ratios to the reference and, in parentheses, the
// microseconds of CPU time of a request.
func printWire(w io.Writer, times map[string]map[string][]float64) {
	top := []string{"case"}
	for i := range wireStacks {
		top = append(top, wireStacks[i].name)
	}
	lines := [][]string{append(top, "target", "met")}
	for _, c := range wireCases {
		line := []string{c.name}
		for i := range wireStacks {
			own := times[c.name][wireStacks[i].name]
			line = append(line, fmt.Sprintf("%.2f (%.1f µs)", medianRatio(own, times[c.name][reference]), median(own)/1e3))
		}
		met := "yes"
		if round(medianRatio(times[c.name][oursOnWire], times[c.name][reference]), 100) > c.target {
			met = "no"
		}
		lines = append(lines, append(line, fmt.Sprintf("≤ %.2f", c.target), met))
	}
	printTable(w, lines)
	fmt.Fprintln(w)
	for i := range wireStacks {
		if s := &wireStacks[i]; s.less != "" {
			fmt.Fprintf(w, "- %s answers less: %s\n", s.name, s.less)
		}
	}
}
