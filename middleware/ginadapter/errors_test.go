package ginadapter_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"

	"github.com/backstop-go/backstop/middleware"
	"github.com/backstop-go/backstop/middleware/ginadapter"
	"github.com/backstop-go/backstop/problem"
)

var (
	errStored = errors.New("pq: relation users does not exist")
	errOwn    = errors.New("own error that the mapper knows")
)

// heard is what the log and OnError learn of one request.
type heard struct {
	log    bytes.Buffer
	events []*problem.Event
}

func (h *heard) standard() func(http.Handler) http.Handler {
	return middleware.Standard(problem.New(problem.Config{
		Logger:  slog.New(slog.NewTextHandler(&h.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
		OnError: func(_ context.Context, ev *problem.Event) { h.events = append(h.events, ev) },
		Map: func(_ context.Context, err error) error {
			if errors.Is(err, errOwn) {
				return problem.Gone.Wrap(err, "Moved out")
			}
			return nil
		},
	}))
}

// An error that a handler leaves to gin is the reason of the status that it says.
func TestErrorLeftToGinIsTheReasonOfTheStatus(t *testing.T) {
	for _, tt := range []struct {
		name   string
		h      gin.HandlerFunc
		status int
		body   string // a part of it
		cause  error
	}{
		{"AbortWithError", func(c *gin.Context) { c.AbortWithError(500, errStored) }, 500, `"status":500`, errStored},
		{"AbortWithError of a 4xx", func(c *gin.Context) { c.AbortWithError(422, errStored) }, 422, `"status":422`, errStored},
		{"AbortWithError of a status without a kind", func(c *gin.Context) { c.AbortWithError(418, errStored) }, 418, `"status":418`, errStored},
		{"Error and Status", func(c *gin.Context) { c.Error(errStored); c.Status(503) }, 503, `"status":503`, errStored},
		{"Status and Error", func(c *gin.Context) { c.Status(503); c.Error(errStored) }, 503, `"status":503`, errStored},
		{"Error and AbortWithStatus", func(c *gin.Context) { c.Error(errStored); c.AbortWithStatus(404) }, 404, `"status":404`, errStored},
		{"Error and a plain text", func(c *gin.Context) { c.Error(errStored); c.String(500, "%v", errStored) }, 500, `"status":500`, errStored},
		{"a plain text and Error", func(c *gin.Context) { c.String(400, "no"); c.Error(errStored) }, 400, `"status":400`, errStored},
		{"several errors, of which the last counts", func(c *gin.Context) { c.Error(io.EOF); c.AbortWithError(500, errStored) }, 500, `"status":500`, errStored},
		{"a flush before the handler returns", func(c *gin.Context) { c.AbortWithError(500, errStored); c.Writer.Flush() }, 500, `"status":500`, errStored},
		{"a kind of ours", func(c *gin.Context) { c.AbortWithError(500, problem.NotFound) }, 404, `"status":404`, problem.NotFound},
		{"an error of ours", func(c *gin.Context) { c.AbortWithError(409, problem.Conflict.New("Taken")) }, 409, "Taken", problem.Conflict},
		{"an error of ours, wrapped", func(c *gin.Context) {
			c.AbortWithError(500, fmt.Errorf("save: %w", problem.Conflict.New("Taken")))
		}, 409, "Taken", problem.Conflict},
		{"an error that is mapped", func(c *gin.Context) { c.AbortWithError(500, fmt.Errorf("load: %w", errOwn)) }, 410, "Moved out", errOwn},
		{"an error of the standard library", func(c *gin.Context) { c.AbortWithError(503, context.DeadlineExceeded) }, 503, `"status":503`, context.DeadlineExceeded},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var got heard
			e := gin.New()
			ginadapter.Install(e, got.standard())
			e.GET("/x/:id", tt.h)
			w := get(t, e, "GET", "/x/1")
			if w.Code != tt.status || !strings.Contains(w.Body.String(), tt.body) || strings.Contains(w.Body.String(), "pq:") {
				t.Errorf("the answer is %d %s, want %d with %s and not the error", w.Code, w.Body, tt.status, tt.body)
			}
			if len(got.events) != 1 || !errors.Is(got.events[0].Cause, tt.cause) {
				t.Fatalf("OnError hears %v, want one event with the cause %v", got.events, tt.cause)
			}
			if n := strings.Count(got.log.String(), "request failed"); n != 1 || !strings.Contains(got.log.String(), tt.cause.Error()) {
				t.Errorf("the log says %s, want one failure with the cause", got.log.String())
			}
		})
	}
}

func TestErrorAfterASuccessHasBegunIsTheReasonOfTheCut(t *testing.T) {
	var got heard
	e := gin.New()
	ginadapter.Install(e, got.standard())
	e.GET("/x/:id", func(c *gin.Context) {
		c.String(200, "[1, 2, ")
		c.AbortWithError(500, errStored)
	})
	srv := httptest.NewServer(e)
	defer srv.Close()
	resp, err := http.Get(srv.URL + "/x/1")
	if err == nil {
		_, err = io.ReadAll(resp.Body)
		resp.Body.Close()
	}
	if err == nil {
		t.Error("the client gets a complete answer, want it cut")
	}
	if len(got.events) != 1 || !errors.Is(got.events[0].Cause, errStored) || !got.events[0].Aborted {
		t.Errorf("OnError hears %+v, want one aborted event with the cause", got.events)
	}
}

func TestErrorBesideASuccessChangesNothing(t *testing.T) {
	for name, h := range map[string]gin.HandlerFunc{
		"no status":     func(c *gin.Context) { c.Error(errStored) },
		"a success":     func(c *gin.Context) { c.Error(errStored); c.String(200, "fine") },
		"an own answer": func(c *gin.Context) { c.Error(errStored); c.JSON(200, gin.H{"own": true}) },
	} {
		var got heard
		e := gin.New()
		ginadapter.Install(e, got.standard())
		e.GET("/x/:id", h)
		if w := get(t, e, "GET", "/x/1"); w.Code != 200 || len(got.events) > 0 {
			t.Errorf("%s: the answer is %d with %d events, want a 200 and none", name, w.Code, len(got.events))
		}
	}
}

// Without Rewrite nobody has asked for a status to be replaced.
func TestStatusWithoutRewriteStays(t *testing.T) {
	e := gin.New()
	ginadapter.Install(e, middleware.Recover())
	e.GET("/x/:id", func(c *gin.Context) { c.AbortWithError(500, errStored) })
	if w := get(t, e, "GET", "/x/1"); w.Code != 500 || w.Body.Len() > 0 {
		t.Errorf("the answer is %d %q, want an empty 500", w.Code, w.Body)
	}
}

func TestPlainTextErrorIsAnEnvelope(t *testing.T) {
	for name, h := range map[string]gin.HandlerFunc{
		"the error's text": func(c *gin.Context) { c.String(500, errStored.Error()) },
		"a format":         func(c *gin.Context) { c.String(500, "failed: %v", errStored) },
		"http.Error":       func(c *gin.Context) { http.Error(c.Writer, errStored.Error(), 500) },
		"Data":             func(c *gin.Context) { c.Data(500, "text/plain", []byte(errStored.Error())) },
	} {
		if w := get(t, installed(h), "GET", "/x/1"); w.Code != 500 || !strings.Contains(w.Body.String(), `"status":500`) || strings.Contains(w.Body.String(), "pq:") {
			t.Errorf("%s: the answer is %d %s, want the envelope without the text", name, w.Code, w.Body)
		}
	}
}

// An error middleware of the service finds an answer in its place: what it says
// is dropped, without a word in c.Errors or in net/http's log.
func TestErrorMiddlewareOfTheServiceIsSilencedByOurAnswer(t *testing.T) {
	var left []string
	answerErrors := func(say func(*gin.Context)) gin.HandlerFunc {
		return func(c *gin.Context) {
			c.Next()
			if len(c.Errors) > 0 {
				say(c)
			}
			left = c.Errors.Errors()
		}
	}
	says := map[string]func(*gin.Context){
		"JSON":   func(c *gin.Context) { c.JSON(500, gin.H{"error": c.Errors.Last().Error()}) },
		"String": func(c *gin.Context) { c.String(500, c.Errors.Last().Error()) },
		"Abort":  func(c *gin.Context) { c.AbortWithStatusJSON(400, gin.H{"error": "x"}) },
		"Write": func(c *gin.Context) {
			c.Writer.WriteHeader(500)
			c.Writer.WriteHeaderNow()
			io.WriteString(c.Writer, "x")
		},
		"200": func(c *gin.Context) { c.JSON(200, gin.H{"ok": false}) },
	}
	opaque := func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { next.ServeHTTP(struct{ http.ResponseWriter }{w}, r) })
	}
	for layers, mws := range map[string][]func(http.Handler) http.Handler{
		"Standard":                   {middleware.Standard(quiet())},
		"Standard and a foreign one": {middleware.Standard(quiet()), opaque},
	} {
		for name, say := range says {
			t.Run(layers+"/"+name, func(t *testing.T) {
				e := gin.New()
				ginadapter.Install(e, mws...)
				e.Use(answerErrors(say))
				e.GET("/x/:id", ginadapter.HandlerFunc(func(*gin.Context) error { return problem.Conflict.New("Taken") }))
				var errorLog bytes.Buffer
				srv := httptest.NewUnstartedServer(e)
				srv.Config.ErrorLog = log.New(&errorLog, "", 0)
				srv.Start()
				resp, err := http.Get(srv.URL + "/x/1")
				if err != nil {
					t.Fatal(err)
				}
				body, err := io.ReadAll(resp.Body)
				resp.Body.Close()
				srv.Close()
				if err != nil || resp.StatusCode != 409 || !strings.Contains(string(body), "Taken") || strings.Count(string(body), "{") != 1 {
					t.Errorf("the answer is %d %s (%v), want our 409 alone", resp.StatusCode, body, err)
				}
				if len(left) != 1 {
					t.Errorf("c.Errors is %q, want the handler's alone", left)
				}
				if errorLog.Len() > 0 {
					t.Errorf("net/http logs %q, want nothing", errorLog.String())
				}
			})
		}
	}
}

// A handler that writes more than it has declared hears of it, as ever.
func TestOwnMistakeWithContentLengthIsReported(t *testing.T) {
	var wrote error
	e := installed(func(c *gin.Context) {
		c.Header("Content-Length", "1")
		c.Status(200)
		_, wrote = c.Writer.WriteString("ab")
	})
	srv := httptest.NewServer(e)
	defer srv.Close()
	if resp, err := http.Get(srv.URL + "/x/1"); err == nil {
		resp.Body.Close()
	}
	if !errors.Is(wrote, http.ErrContentLength) {
		t.Errorf("the write says %v, want http.ErrContentLength", wrote)
	}
}
