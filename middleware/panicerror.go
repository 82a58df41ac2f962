package middleware

import (
	"fmt"
	"path"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"golang.org/x/time/rate"

	"github.com/backstop-go/backstop/internal/exchange"
)

const (
	maxPanicText  = 4 << 10
	maxFrames     = 64
	maxStacks     = 10 // made readable per second
	cutMark       = "…"
	exitedMessage = "runtime.Goexit was called"
)

// PanicError is the error that [Recover] makes of a panic. It is the cause of an
// error of the kind [problem.Internal], in the log and in [problem.Config.OnError];
// errors.As finds it. Its text and its stack are made when somebody asks for them.
// It is safe for concurrent use.
type PanicError struct {
	Value   any       // what was passed to panic; nil also if the handler called runtime.Goexit
	Callers []uintptr // for runtime.CallersFrames, innermost first, at most 64
	Phase   string    // of the response: "fresh", "started", "rendered" or "hijacked"

	exited bool
	stacks *stacks

	textOnce, stackOnce sync.Once
	text, stack         string
}

func newPanicError(value any, exited bool, state exchange.State, stacks *stacks) *PanicError {
	const skip = 3 // runtime.Callers, this function, the deferred one
	var pcs [maxFrames]uintptr
	n := runtime.Callers(skip, pcs[:])
	return &PanicError{Value: value, Callers: slices.Clone(pcs[:n]), Phase: state.String(), exited: exited, stacks: stacks}
}

// exited reports whether the goroutine of a deferred function, whose recover has
// returned nil, is exiting. Otherwise somebody has called panic(nil), which
// GODEBUG=panicnil=1 lets pass.
func exited() bool {
	var pcs [4]uintptr
	frames := runtime.CallersFrames(pcs[:runtime.Callers(2, pcs[:])])
	for {
		f, more := frames.Next()
		switch f.Function {
		case "runtime.gopanic":
			return false
		case "runtime.Goexit":
			return true
		}
		if !more {
			return true
		}
	}
}

// Error returns the text of the value, at most 4 KiB of it.
func (e *PanicError) Error() string {
	e.textOnce.Do(func() {
		if e.exited {
			e.text = exitedMessage
			return
		}
		e.text = "panic: " + cut(format(e.Value), maxPanicText)
	})
	return e.text
}

// PanicValue returns the value. It is not what the error wraps: a panic stays an
// Internal error, whatever error the program panicked with.
func (e *PanicError) PanicValue() any { return e.Value }

// format returns the text of a panic's value. Its methods are foreign code that
// has just shown that it panics.
func format(value any) (text string) {
	defer func() {
		if recover() != nil {
			text = fmt.Sprintf("%T, which cannot be formatted", value)
		}
	}()
	switch v := value.(type) {
	case string:
		return v // may be huge, hence not copied by fmt
	case error:
		return v.Error()
	}
	return fmt.Sprint(value)
}

// cut shortens a text to n bytes and makes it valid UTF-8.
func cut(text string, n int) string {
	if len(text) > n {
		text = text[:n] + cutMark
	}
	return strings.ToValidUTF8(text, "\ufffd")
}

// PanicStack returns the calls that led to the panic, innermost first, up to the
// [Recover] that caught it: "pkg.Func@file.go:12;" for each call. To make a stack
// readable costs more than the rest of the answer, so each Recover makes at most
// ten in a second. Other panics have the stack "", and the next stack says how
// many were left out.
func (e *PanicError) PanicStack() string {
	e.stackOnce.Do(func() {
		if missed, ok := e.stacks.take(); ok {
			e.stack = symbolise(e.Callers, missed)
		}
	})
	return e.stack
}

// symbolise makes a stack readable, without blanks, quotes and line ends, which a
// logger would have to escape.
func symbolise(pcs []uintptr, missed int64) string {
	b := make([]byte, 0, 1<<10)
	if missed > 0 {
		b = append(strconv.AppendInt(b, missed, 10), "-stacks-left-out-before;"...)
	}
	// The first frames are those of panicking itself.
	began := false
	for frames := runtime.CallersFrames(pcs); ; {
		f, more := frames.Next()
		if strings.HasSuffix(f.Function, "/middleware.(*guard).ServeHTTP") {
			return string(b)
		}
		if began = began || !strings.HasPrefix(f.Function, "runtime."); began && f.Function != "" {
			b = append(append(append(b, path.Base(f.Function)...), '@'), path.Base(f.File)...)
			b = append(strconv.AppendInt(append(b, ':'), int64(f.Line), 10), ';')
		}
		if !more {
			return string(b)
		}
	}
}

// stacks lets ten through per second, and counts the others.
type stacks struct {
	limit  *rate.Limiter
	missed atomic.Int64
}

func newStacks() *stacks { return &stacks{limit: rate.NewLimiter(maxStacks, maxStacks)} }

func (s *stacks) take() (missed int64, ok bool) {
	if !s.limit.Allow() {
		s.missed.Add(1)
		return 0, false
	}
	return s.missed.Swap(0), true
}
