package examples_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/backstop-go/backstop/internal/questions"
	"github.com/backstop-go/backstop/internal/styles"
)

// The service below /styles/{name} sends the same answers as a program with that style.
func TestAMountedServiceIsTheServiceOfItsStyle(t *testing.T) {
	for _, style := range styles.All {
		t.Run(style.Name, func(t *testing.T) {
			t.Parallel()
			flags := []string{"-rate", "100000", "-timeout", questions.Timeout, "-debug"}
			mounted := questions.Start(t, "stdlib", flags...)
			alone := questions.Start(t, "stdlib", append(flags, "-style", style.Name)...)
			for _, q := range questions.All(style) {
				if !strings.HasPrefix(q.Target, "/") || strings.HasPrefix(q.Target, "/styles") {
					continue // the target has no path, or is not part of a service
				}
				want := alone.Send(q.Call)
				q.Target = "/styles/" + style.Name + q.Target
				if got := mounted.Send(q.Call); fmt.Sprint(got) != fmt.Sprint(want) {
					t.Errorf("%s below %s answers\n%v\nwant\n%v", q.Name, q.Target, got, want)
				}
			}
		})
	}
}

// Each program mounts a service for each style, and each service has its own limits.
func TestEachProgramMountsEachStyle(t *testing.T) {
	for _, s := range questions.StartAll(t, "-rate", "1") {
		for _, mount := range append(mounts(), "") {
			for n, want := range []int{http.StatusOK, http.StatusTooManyRequests} {
				got := s.Send(questions.Call{Method: "GET", Target: mount + "/api/v1/sessions", Header: []string{questions.User}})
				if len(got) != 1 || got[0].Status != want {
					t.Errorf("%s at request %d to %q answers %v, want %d", s.Name, n, mount, got, want)
				}
			}
		}
	}
}

func mounts() (all []string) {
	for _, style := range styles.All {
		all = append(all, "/styles/"+style.Name)
	}
	return all
}

// A mounted service does not mount services itself.
func TestServicesAreNotMountedInEachOther(t *testing.T) {
	s := questions.Start(t, "stdlib")
	got := s.Send(questions.Call{Method: "GET", Target: "/styles/enpass/styles/authrim/healthz"})
	if want := `{"error":true,"code":"not_found","description":"Resource not found"}`; len(got) != 1 || got[0].Body != want {
		t.Errorf("a service in a service answers %v, want %s", got, want)
	}
}

// TestThePageAllowsItselfAlone checks the Content-Security-Policy of the page.
func TestThePageAllowsItselfAlone(t *testing.T) {
	for _, s := range questions.StartAll(t) {
		got := s.Send(questions.Call{Method: "GET", Target: "/"})
		if len(got) != 1 || got[0].Status != http.StatusOK {
			t.Fatalf("%s answers %v, want its page", s.Name, got)
		}
		policy := got[0].Field("Content-Security-Policy")
		for _, part := range []string{"default-src 'none'", "connect-src 'self'", "script-src 'sha256-", "require-trusted-types-for 'script'", "frame-ancestors 'none'"} {
			if !strings.Contains(policy, part) {
				t.Errorf("%s allows its page %q, want %s", s.Name, policy, part)
			}
		}
		for _, word := range []string{"unsafe", "http", "*"} {
			if strings.Contains(policy, word) {
				t.Errorf("%s allows its page %q, want nothing with %q", s.Name, policy, word)
			}
		}
		for _, attr := range []string{`src="`, `href="http`, "//cdn", "@import", ".innerHTML", " onclick="} {
			if strings.Contains(got[0].Body, attr) {
				t.Errorf("%s has a page with %q", s.Name, attr)
			}
		}
	}
}

// The records of a panic are shown only to callers on this machine.
func TestTheLogIsForThisMachine(t *testing.T) {
	s := questions.Start(t, "stdlib")
	failed := s.Send(questions.Call{Method: "GET", Target: "/api/v1/faults/panic"})
	if len(failed) != 1 {
		t.Fatalf("a panic is answered by %v", failed)
	}
	ask := questions.Call{Method: "GET", Target: "/log/" + failed[0].ID}
	got := s.Send(ask)
	if len(got) != 1 || got[0].Status != http.StatusOK || strings.Count(got[0].Body, failed[0].ID) == 0 ||
		!strings.Contains(got[0].Body, "s3cr3t-dsn") || got[0].Field("Cache-Control") != "no-store" {
		t.Errorf("the log says %v, want the records of %s", got, failed[0].ID)
	}
	for _, header := range []string{
		"Host: rebound.example", "Host: localhost\r\nX-Forwarded-For: 127.0.0.1", "Host: localhost\r\nForwarded: for=127.0.0.1",
	} {
		got := s.Send(questions.Call{Method: "GET", Raw: "GET " + ask.Target + " HTTP/1.1\r\nConnection: close\r\n" + header + "\r\n\r\n"})
		if len(got) != 1 || got[0].Status != http.StatusNotFound {
			t.Errorf("a caller with %q is shown %v, want 404", header, got)
		}
	}
}
