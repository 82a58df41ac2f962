package middleware

import (
	"fmt"
	"path"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/backstop-go/backstop/internal/exchange"
)

const (
	maxPanicText  = 4 << 10
	maxFrames     = 64
	maxStacks     = 10 // made readable per second
	cutMark       = "…"
	exitedMessage = "runtime.Goexit was called"
)

// PanicError is what [Recover] makes of a panic. It reaches the log and the
// hook of the responder as the cause of an Internal error; errors.As finds it.
// Its text and stack are made when they are first asked for. It is safe for
// concurrent use.
type PanicError struct {
	Value   any       // what was passed to panic; nil if the handler called runtime.Goexit
	Callers []uintptr // for runtime.CallersFrames, innermost first, at most 64
	Phase   string    // of the response: "fresh", "started", "rendered" or "hijacked"

	stacks *sampler

	textOnce, stackOnce sync.Once
	text, stack         string
}

func newPanicError(value any, state exchange.State, stacks *sampler) *PanicError {
	const skip = 3 // runtime.Callers, this function, the deferred one
	var pcs [maxFrames]uintptr
	n := runtime.Callers(skip, pcs[:])
	return &PanicError{Value: value, Callers: pcs[:n:n], Phase: state.String(), stacks: stacks}
}

// Error returns the text of the value, at most 4 KiB of it.
func (e *PanicError) Error() string {
	e.textOnce.Do(func() {
		if e.Value == nil {
			e.text = exitedMessage
			return
		}
		e.text = "panic: " + cut(format(e.Value), maxPanicText)
	})
	return e.text
}

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

// PanicStack returns where the panic happened: functions, base names of files,
// lines. Making it readable costs more than the rest of the answer, so of the
// panics that a Recover sees in a second the first ten have a stack; that of
// others is "". The next one that has a stack says how many were left out.
func (e *PanicError) PanicStack() string {
	e.stackOnce.Do(func() {
		if missed, ok := e.stacks.take(time.Now()); ok {
			e.stack = symbolise(e.Callers, missed)
		}
	})
	return e.stack
}

func symbolise(pcs []uintptr, missed int) string {
	var b strings.Builder
	if missed > 0 {
		fmt.Fprintf(&b, "(%d stacks were left out before)\n", missed)
	}
	// The first frames are those of panicking itself.
	began := false
	for frames := runtime.CallersFrames(pcs); ; {
		f, more := frames.Next()
		if began = began || !strings.HasPrefix(f.Function, "runtime."); began && f.Function != "" {
			fmt.Fprintf(&b, "%s\n\t%s:%d\n", f.Function, path.Base(f.File), f.Line)
		}
		if !more {
			return b.String()
		}
	}
}

// sampler lets ten through per second, and counts the others.
type sampler struct {
	mu     sync.Mutex
	second time.Time
	taken  int
	missed int
}

func (s *sampler) take(now time.Time) (missed int, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if now.Sub(s.second) >= time.Second {
		s.second, s.taken = now, 0
	}
	if s.taken == maxStacks {
		s.missed++
		return 0, false
	}
	missed, s.missed = s.missed, 0
	s.taken++
	return missed, true
}
