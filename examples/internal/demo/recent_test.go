package demo_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/backstop-go/backstop/examples/internal/demo"
)

// TestTheRecentLogIsBounded writes more records than are kept. One of them is larger than
// the bound.
func TestTheRecentLogIsBounded(t *testing.T) {
	const bound = 1 << 20
	l := &demo.RecentLog{}
	for n := range 2000 {
		size := n * 7919 % 4096
		if n == 1000 {
			size = 2 * bound
		}
		record := fmt.Sprintf("{\"pad\":%q,\"request_id\":\"req_%d\"}\n", strings.Repeat("x", size), n)
		if written, err := l.Write([]byte(record)); written != len(record) || err != nil {
			t.Fatalf("Write(record %d) = %d, %v", n, written, err)
		}
		if size := l.Size(); size > bound {
			t.Fatalf("%d bytes are kept after record %d, want at most %d", size, n, bound)
		}
		if got := l.Of(fmt.Sprintf("req_%d", n)); got != record && n != 1000 {
			t.Fatalf("record %d is %d bytes, want the %d that were written", n, len(got), len(record))
		}
	}
	if l.Of("req_0") != "" || l.Of("req_999") != "" || l.Size() < bound/2 {
		t.Errorf("%d bytes are kept, want the newest MiB", l.Size())
	}
	if got := l.Of("req_199"); got != "" {
		t.Errorf("the records of req_199 are %q, want none of req_1990 to req_1999", got)
	}
}
