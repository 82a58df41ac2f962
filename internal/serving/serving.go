// Package serving tells whether code runs on behalf of a request. What a handler
// makes for itself is made anew for each request, and has forgotten all others.
package serving

import (
	"errors"
	"runtime"
)

// Check returns an error with that text if a handler of net/http is among the
// callers. It is for constructors: it walks the whole stack.
func Check(text string) error {
	for skip := 0; ; skip += 64 {
		var pcs [64]uintptr
		n := runtime.Callers(skip, pcs[:])
		for frames := runtime.CallersFrames(pcs[:n]); ; {
			frame, more := frames.Next()
			switch frame.Function {
			case "net/http.HandlerFunc.ServeHTTP", "net/http.(*ServeMux).ServeHTTP", "net/http.serverHandler.ServeHTTP":
				return errors.New(text)
			}
			if !more {
				break
			}
		}
		if n < len(pcs) {
			return nil
		}
	}
}
