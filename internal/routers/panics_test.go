package routers_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/backstop-go/backstop/middleware"
	"github.com/backstop-go/backstop/problem"
)

type wild struct{ n int }

type hostile struct{}

func (hostile) Error() string { panic("again") }

func TestPanicBeforeWritingIsAnEnvelope(t *testing.T) {
	for name, value := range map[string]any{
		"a string": "boom", "an error": errors.New("boom"), "an int": 7, "a struct": wild{7}, "nil": nil,
		"an error that panics": hostile{}, "ten megabytes": strings.Repeat("x", 10<<20),
	} {
		t.Run(name, func(t *testing.T) {
			plan{}.run(t, func(http.ResponseWriter, *http.Request) { panic(value) }, func(t *testing.T, s *site) {
				wantEnvelope(t, s.get(), 500)
				sum := s.summary(t)
				if sum.Status != 500 || sum.Aborted || !sum.Failed {
					t.Errorf("the summary is %+v, want a failed 500 that was not aborted", sum)
				}
				s.wantCalls(t, 1)
				rec := s.wantRecords(t, 1)[0]
				if n := len(rec.attrs["cause"]); n > 5<<10 {
					t.Errorf("the cause is logged with %d bytes, want about 4 KiB at most", n)
				}
				if stack := rec.attrs["stack"]; !strings.Contains(stack, "TestPanicBeforeWritingIsAnEnvelope") || strings.Contains(stack, "/routers/panics_test.go") {
					t.Errorf("the stack is %q, want functions and base names of files", stack)
				}
				if rec.attrs["request_id"] == "" {
					t.Errorf("the record is %v, want a request_id", rec)
				}
			})
		})
	}
}

func TestPanicAfterWritingCutsTheAnswer(t *testing.T) {
	for name, write := range map[string]func(http.ResponseWriter){
		"10 bytes":               func(w http.ResponseWriter) { io.WriteString(w, "0123456789") },
		"10 bytes and a flush":   func(w http.ResponseWriter) { io.WriteString(w, "0123456789"); http.NewResponseController(w).Flush() },
		"a megabyte":             func(w http.ResponseWriter) { w.Write(make([]byte, 1<<20)) },
		"10 of 100 declared":     func(w http.ResponseWriter) { w.Header().Set("Content-Length", "100"); io.WriteString(w, "0123456789") },
		"a status, then a flush": func(w http.ResponseWriter) { w.WriteHeader(200); http.NewResponseController(w).Flush() },
	} {
		t.Run(name, func(t *testing.T) {
			plan{}.run(t, func(w http.ResponseWriter, _ *http.Request) {
				write(w)
				panic("boom")
			}, func(t *testing.T, s *site) {
				a := s.get()
				s.wantCut(t, a)
				if strings.Contains(a.body, "{") {
					t.Errorf("the body ends with %q, want nothing appended", a.body)
				}
				if sum := s.summary(t); sum.Status != 200 || !sum.Aborted || !sum.Failed {
					t.Errorf("the summary is %+v, want an aborted 200", sum)
				}
				s.wantCalls(t, 1)
				if rec := s.wantRecords(t, 1)[0]; rec.attrs["aborted"] != "true" {
					t.Errorf("the record is %v, want it to say aborted", rec)
				}
			})
		})
	}
}

func TestPanicAfterWritingResetsAnOldClientsConnection(t *testing.T) {
	plan{protocols: []string{single}}.run(t, func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, "0123456789")
		panic("boom")
	}, func(t *testing.T, s *site) {
		conn, err := net.Dial("tcp", s.server.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		io.WriteString(conn, "GET /case/1 HTTP/1.0\r\n\r\n")
		if b, err := io.ReadAll(conn); !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("the answer %q ends with %v, want a reset", b, err)
		}
		if sum := s.summary(t); sum.Status != 200 || !sum.Aborted || sum.Hijacked {
			t.Errorf("the summary is %+v, want an aborted 200", sum)
		}
		s.wantRecords(t, 1)
	})
}

func TestPanicLeavesNothingOfTheHandlersHeader(t *testing.T) {
	plan{}.run(t, func(w http.ResponseWriter, _ *http.Request) {
		for name, value := range map[string]string{
			"Content-Length": "100", "Content-Type": "image/png", "ETag": `"x"`, "Last-Modified": "x",
			"Cache-Control": "public", "Trailer": "X-Sum", "Content-Encoding": "br",
		} {
			w.Header().Set(name, value)
		}
		http.SetCookie(w, &http.Cookie{Name: "session", Value: "new"})
		panic("boom")
	}, func(t *testing.T, s *site) {
		a := s.get()
		wantEnvelope(t, a, 500)
		for _, name := range []string{"Etag", "Last-Modified", "Set-Cookie", "Trailer", "Content-Encoding"} {
			if v := a.header[name]; v != nil {
				t.Errorf("%s: %q survives", name, v)
			}
		}
		if v := a.header.Get("Cache-Control"); v != "no-store" {
			t.Errorf("Cache-Control is %q, want no-store", v)
		}
		s.summary(t)
	})
}

func TestPanicAfterAStatusWithoutBodyIsAnEnvelope(t *testing.T) {
	for _, status := range []int{204, 304} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			plan{}.run(t, func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(status)
				panic("boom")
			}, func(t *testing.T, s *site) {
				wantEnvelope(t, s.get(), 500)
				s.summary(t)
			})
		})
	}
	t.Run("HEAD", func(t *testing.T) {
		plan{}.run(t, func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(200)
			panic("boom")
		}, func(t *testing.T, s *site) {
			a := s.ask("HEAD", s.url, nil)
			if a.err != nil || a.status != 500 || a.body != "" || a.header.Get("Content-Length") == "" {
				t.Errorf("HEAD is %d %v %q (%v), want a 500 with the length of its body", a.status, a.header, a.body, a.err)
			}
			s.summary(t)
		})
	})
}

func TestStatusWithoutBodyIsUnchanged(t *testing.T) {
	for _, tt := range []struct {
		name   string
		method string
		h      http.HandlerFunc
		status int
	}{
		{"204", "GET", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(204) }, 204},
		{"304", "GET", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(304) }, 304},
		{"HEAD 200", "HEAD", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(200) }, 200},
		{"HEAD without a status", "HEAD", func(http.ResponseWriter, *http.Request) {}, 200},
		{"HEAD 404 with a type", "HEAD", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(404)
		}, 404},
		{"204 and a flush", "GET", func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(204)
			http.NewResponseController(w).Flush()
		}, 204},
		{"204 after a 103", "GET", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(103); w.WriteHeader(204) }, 204},
	} {
		t.Run(tt.name, func(t *testing.T) {
			plan{}.run(t, tt.h, func(t *testing.T, s *site) {
				if a := s.ask(tt.method, s.url, nil); a.err != nil || a.status != tt.status || a.body != "" {
					t.Errorf("the answer is %d %q (%v), want an empty %d", a.status, a.body, a.err, tt.status)
				}
				if sum := s.summary(t); sum.Status != tt.status {
					t.Errorf("the summary says %d, want %d", sum.Status, tt.status)
				}
				s.wantRecords(t, 0)
			})
		})
	}
	t.Run("an error after it", func(t *testing.T) {
		plan{}.run(t, func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(204)
			w.WriteHeader(500)
		}, func(t *testing.T, s *site) {
			wantEnvelope(t, s.get(), 500)
			s.summary(t)
			s.wantRecords(t, 1)
		})
	})
}

func TestPanicAfterAnInformationalStatusIsAnEnvelope(t *testing.T) {
	plan{}.run(t, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(103)
		panic("boom")
	}, func(t *testing.T, s *site) {
		wantEnvelope(t, s.get(), 500)
		s.summary(t)
	})
}

func TestPanicAfterSwitchingProtocolsWithoutHijackCuts(t *testing.T) {
	plan{protocols: []string{warm, single}, houses: []house{std, chiHouse}}.run(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Connection", "Upgrade")
		w.Header().Set("Upgrade", "x")
		w.WriteHeader(101)
		panic("boom")
	}, func(t *testing.T, s *site) {
		if a := s.get(); a.status == 200 || a.status == 500 {
			t.Errorf("the answer is a %d %q, want it cut off", a.status, a.body)
		}
		if sum := s.summary(t); sum.Status != 101 || !sum.Aborted {
			t.Errorf("the summary is %+v, want an aborted 101", sum)
		}
	})
}

func TestErrAbortHandlerCutsWithoutAWord(t *testing.T) {
	for name, value := range map[string]any{
		"plain":   http.ErrAbortHandler,
		"wrapped": fmt.Errorf("proxy: %w", http.ErrAbortHandler),
		"joined":  errors.Join(io.EOF, http.ErrAbortHandler),
	} {
		t.Run(name+" after writing", func(t *testing.T) {
			plan{}.run(t, func(w http.ResponseWriter, _ *http.Request) {
				io.WriteString(w, "0123456789")
				panic(value)
			}, func(t *testing.T, s *site) {
				s.wantCut(t, s.get())
				if sum := s.summary(t); !sum.Aborted {
					t.Errorf("the summary is %+v, want it aborted", sum)
				}
				s.wantCalls(t, 1)
				s.wantRecords(t, 0)
			})
		})
		t.Run(name+" before writing", func(t *testing.T) {
			plan{}.run(t, func(http.ResponseWriter, *http.Request) { panic(value) }, func(t *testing.T, s *site) {
				if a := s.ask("POST", s.url, strings.NewReader("x")); a.err == nil {
					t.Errorf("the answer is %d %q, want none", a.status, a.body)
				}
				if sum := s.summary(t); !sum.Aborted {
					t.Errorf("the summary is %+v, want it aborted", sum)
				}
				s.wantRecords(t, 0)
			})
		})
	}
}

func TestGoexitBeforeWritingIsAnEnvelope(t *testing.T) {
	plan{}.run(t, func(http.ResponseWriter, *http.Request) { runtime.Goexit() }, func(t *testing.T, s *site) {
		a := s.get()
		if s.protocol == h2 {
			// net/http resets the stream, but only after the whole envelope.
			if a.status != 500 {
				t.Errorf("the answer is %d %q (%v), want a 500", a.status, a.body, a.err)
			}
		} else {
			wantEnvelope(t, a, 500)
		}
		if sum := s.summary(t); sum.Status != 500 {
			t.Errorf("the summary is %+v, want a 500", sum)
		}
		s.wantCalls(t, 1)
		s.wantRecords(t, 1)
	})
}

func TestGoexitAfterWritingCutsTheAnswer(t *testing.T) {
	plan{}.run(t, func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, "0123456789")
		runtime.Goexit()
	}, func(t *testing.T, s *site) {
		s.wantCut(t, s.get())
		if sum := s.summary(t); !sum.Aborted {
			t.Errorf("the summary is %+v, want it aborted", sum)
		}
		s.wantCalls(t, 1)
		s.wantRecords(t, 1)
	})
}

func TestGoexitAfterTheAnswerLeavesIt(t *testing.T) {
	plan{}.run(t, func(w http.ResponseWriter, r *http.Request) {
		problem.Respond(w, r, problem.NotFound)
		runtime.Goexit()
	}, func(t *testing.T, s *site) {
		a := s.get()
		if s.protocol == h2 {
			if a.status != 404 { // the body may end with an error, because net/http resets the stream
				t.Errorf("the answer is %d %q (%v), want a 404", a.status, a.body, a.err)
			}
		} else {
			wantEnvelope(t, a, 404)
		}
		s.summary(t)
		s.wantCalls(t, 1)
	})
}

func TestNestedRecoversReportOnce(t *testing.T) {
	for name, leave := range map[string]func(){"panic": func() { panic("boom") }, "exit": runtime.Goexit} {
		for _, written := range []string{"", "0123456789"} {
			t.Run(name+" after "+fmt.Sprint(len(written)), func(t *testing.T) {
				plan{inside: []mw{middleware.Recover(), middleware.Recover()}}.run(t, func(w http.ResponseWriter, _ *http.Request) {
					if written != "" {
						io.WriteString(w, written)
					}
					leave()
				}, func(t *testing.T, s *site) {
					s.get()
					s.summary(t)
					s.wantRecords(t, 1)
				})
			})
		}
	}
}

func TestNoRequestHeaderDecidesWhatAPanicBecomes(t *testing.T) {
	for _, value := range []string{"Upgrade", "keep-alive, Upgrade"} {
		t.Run(value, func(t *testing.T) {
			plan{protocols: []string{warm, single}}.run(t, func(http.ResponseWriter, *http.Request) { panic("boom") }, func(t *testing.T, s *site) {
				wantEnvelope(t, s.ask("GET", s.url, nil, "Connection: "+value, "Upgrade: websocket"), 500)
				s.summary(t)
			})
		})
	}
}

func TestBrokenPipeOfAnUpstreamIsAnOrdinaryPanic(t *testing.T) {
	plan{}.run(t, func(http.ResponseWriter, *http.Request) {
		panic(&os.SyscallError{Syscall: "write", Err: syscall.EPIPE})
	}, func(t *testing.T, s *site) {
		wantEnvelope(t, s.get(), 500)
		s.summary(t)
		s.wantRecords(t, 1)
	})
}
