package problem_test

import (
	"encoding/csv"
	"os"
	"strconv"
	"testing"

	"github.com/backstop-go/backstop/problem"
)

// TestCodesAreThoseOfThePage compares the published codes of Authrim and ScaiVault with their
// testdata/codes.csv, which lists the codes of the vendor's page in the order of the page.
func TestCodesAreThoseOfThePage(t *testing.T) {
	retries := map[problem.Retry]string{
		problem.Never: "never", problem.Backoff: "backoff", problem.AfterDelay: "after_delay", problem.Once: "once",
	}
	compared := 0
	for _, style := range allStyles {
		f, err := os.Open(style.Name + "/testdata/codes.csv")
		if err != nil {
			if len(style.Codes) > 1 {
				t.Errorf("%s publishes %d codes: %v", style.Name, len(style.Codes), err)
			}
			continue
		}
		defer f.Close()
		rows, err := csv.NewReader(f).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		rows = rows[1:] // names of the columns: code, status, kind, message, retry, documented
		if len(style.Codes) != len(rows) {
			t.Fatalf("%s has %d codes, want %d", style.Name, len(style.Codes), len(rows))
		}
		for i, row := range rows {
			c := style.Codes[i]
			got := []string{c.Name, strconv.Itoa(c.Status), c.Kind.String(), c.Message, retries[c.Retry]}
			for j := range got {
				if got[j] != row[j] {
					t.Errorf("%s: code %d = %q, want %q", style.Name, i+1, got, row[:len(got)])
					break
				}
			}
			compared++
		}
	}
	if compared != 35+73 {
		t.Errorf("%d codes were compared, want the 35 of Authrim and the 73 of ScaiVault", compared)
	}
}

// A kind that is sent with a published code of the same kind has the status, the text and the
// retry advice of that code.
func TestKindsAgreeWithCodes(t *testing.T) {
	for _, style := range allStyles {
		for k := range problem.ClientClosed {
			o := style.Outcomes[k]
			for _, c := range style.Codes {
				if c.Name != o.Code || c.Kind != k {
					continue
				}
				if o.Status != c.Status || o.Message != c.Message || o.Retry != c.Retry {
					t.Errorf("%s: outcome of %v = %+v, want that of %+v", style.Name, k, o, c)
				}
			}
		}
	}
}
