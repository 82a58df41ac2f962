package strictjson_test

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// suite returns documents after the classes of the JSON test suite that Nicolas
// Seriot collected: those that every reader must accept, and those that none
// may, among them the names that come twice, half surrogates and bytes that are
// no UTF-8. https://github.com/nst/JSONTestSuite
func suite(t testing.TB) (isJSON, notJSON []string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "suite.txt"))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		doc, err := strconv.Unquote(strings.TrimSpace(line[2:]))
		switch {
		case err != nil:
			t.Fatalf("%s: %v", line, err)
		case line[0] == 'y':
			isJSON = append(isJSON, doc)
		default:
			notJSON = append(notJSON, doc)
		}
	}
	return isJSON, notJSON
}
