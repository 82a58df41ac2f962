package scaivault_test

import (
	"encoding/csv"
	"os"
	"strconv"
	"testing"

	"github.com/backstop-go/backstop/problem"
	"github.com/backstop-go/backstop/problem/scaivault"
)

// TestCodes compares the codes with testdata/codes.csv, which was made from the
// page, in its order.
func TestCodes(t *testing.T) {
	f, err := os.Open("testdata/codes.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	rows = rows[1:] // names of the columns: code, status, kind, message, retry, documented
	codes := scaivault.Style.Codes
	if len(codes) != len(rows) {
		t.Fatalf("%d codes, want %d", len(codes), len(rows))
	}
	retries := map[problem.Retry]string{
		problem.Never: "never", problem.Backoff: "backoff", problem.AfterDelay: "after_delay", problem.Once: "once",
	}
	for i, row := range rows {
		c := codes[i]
		got := []string{c.Name, strconv.Itoa(c.Status), c.Kind.String(), c.Message, retries[c.Retry]}
		for j := range got {
			if got[j] != row[j] {
				t.Errorf("code %d = %q, want %q", i+1, got, row[:len(got)])
				break
			}
		}
	}
}

// TestKindsAgreeWithCodes holds the table against the codes: what a kind sends
// is what its code says, so that a client finds one meaning behind a name.
func TestKindsAgreeWithCodes(t *testing.T) {
	for k := range problem.ClientClosed {
		o := scaivault.Style.Outcomes[k]
		for _, c := range scaivault.Style.Codes {
			if c.Name != o.Code || c.Kind != k {
				continue
			}
			if o.Status != c.Status || o.Message != c.Message || o.Retry != c.Retry {
				t.Errorf("outcome of %v = %+v, want that of %+v", k, o, c)
			}
		}
	}
}
