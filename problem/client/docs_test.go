package client_test

import (
	"os"
	"strings"
	"testing"
)

// Each block of Go in docs/client.md is also in example_test.go, which is compiled and run.
func TestDocumentedCodeIsInTheExamples(t *testing.T) {
	examples, err := os.ReadFile("example_test.go")
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile("../../docs/client.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := strings.Split(string(text), "```go\n")[1:]
	if len(blocks) < 7 {
		t.Fatalf("docs/client.md has %d blocks of Go, so this test proves little", len(blocks))
	}
	for _, block := range blocks {
		code, _, _ := strings.Cut(block, "```")
		if !strings.Contains(string(examples), "\n"+code) {
			t.Errorf("example_test.go does not contain this block of docs/client.md:\n%s", code)
		}
	}
}
