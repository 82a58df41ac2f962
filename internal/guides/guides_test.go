package guides_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// pages are the guides and the folders of their code.
var pages = map[string]string{
	"old-service": "oldservice",
	"migrate":     "migrate",
	"errors":      "errors",
	"limits":      "limits",
	"production":  "production",
	"vendors":     "vendors",
}

var fence = regexp.MustCompile("(?ms)^```([a-z]*)\n(.*?)^```$")

func TestBlocksOfTheGuidesAreCode(t *testing.T) {
	for page, folder := range pages {
		t.Run(page, func(t *testing.T) {
			code, answers := sources(t, folder)
			blocks := fence.FindAllStringSubmatch(read(t, "../../docs/"+page+".md"), -1)
			if len(blocks) == 0 {
				t.Fatal("the page has no block")
			}
			for _, b := range blocks {
				lang, text := b[1], b[2]
				switch lang {
				case "go":
					wantIn(t, code, text)
				case "diff":
					before, after := sides(text)
					wantIn(t, code, before)
					wantIn(t, code, after)
				case "http", "json", "text":
					wantIn(t, answers, text)
				default:
					t.Errorf("no test knows blocks of the kind %q:\n%s", lang, text)
				}
			}
		})
	}
}

// sources returns the files of a folder: its code, and the answers that its
// tests compare.
func sources(t *testing.T, folder string) (code, answers []string) {
	t.Helper()
	err := filepath.WalkDir(folder, func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil || d.IsDir():
			return err
		case strings.HasSuffix(name, ".go"):
			text := read(t, name)
			code = append(code, text)
			answers = append(answers, outputs(text))
		case strings.Contains(name, "testdata"):
			answers = append(answers, read(t, name))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return code, answers
}

// outputs returns the comments of a file without their slashes, which is how the
// output of an Example is written.
func outputs(code string) string {
	var lines []string
	for line := range strings.Lines(code) {
		if text, ok := strings.CutPrefix(strings.TrimSpace(line), "//"); ok {
			lines = append(lines, strings.TrimPrefix(text, " "))
		}
	}
	return strings.Join(lines, "\n") + "\n"
}

// sides returns the two texts of a diff.
func sides(diff string) (before, after string) {
	for line := range strings.Lines(diff) {
		if !strings.HasPrefix(line, "+") {
			before += line[min(1, len(line)-1):]
		}
		if !strings.HasPrefix(line, "-") {
			after += line[min(1, len(line)-1):]
		}
	}
	return before, after
}

func wantIn(t *testing.T, files []string, block string) {
	t.Helper()
	if !slices.ContainsFunc(files, func(file string) bool { return contains(file, block) }) {
		t.Errorf("no file has this block:\n%s", block)
	}
}

// contains reports whether the lines of a block are in a file, with any indentation.
func contains(file, block string) bool {
	for range 4 {
		if strings.Contains("\n"+file, "\n"+block) {
			return true
		}
		block = indent(block)
	}
	return false
}

func indent(block string) string {
	var out strings.Builder
	for line := range strings.Lines(block) {
		if line != "\n" {
			out.WriteByte('\t')
		}
		out.WriteString(line)
	}
	return out.String()
}

func TestBlocksAreFoundByWholeLines(t *testing.T) {
	file := "package p\n\nfunc f() {\n\tif a {\n\t\tb()\n\n\t\tc()\n\t}\n}\n"
	for block, want := range map[string]bool{
		"b()\n\nc()\n":             true,
		"if a {\n\tb()\n":          true,
		"func f() {\n\tif a {\n":   true,
		"b()\nc()\n":               false, // a line is missing
		"a {\n":                    false, // not a whole line
		"if a {\n\tb()\n\n\td()\n": false,
	} {
		if got := contains(file, block); got != want {
			t.Errorf("contains(%q) = %t, want %t", block, got, want)
		}
	}
	before, after := sides(" same\n-old\n+new\n\n end\n")
	if before != "same\nold\n\nend\n" || after != "same\nnew\n\nend\n" {
		t.Errorf("sides = %q and %q", before, after)
	}
}

var (
	link    = regexp.MustCompile(`\]\(([^)#:]*)(?:#([^)]*))?\)`)
	heading = regexp.MustCompile(`(?m)^#+ (.*)$`)
	dropped = regexp.MustCompile(`[^a-z0-9 -]`)
)

func TestLinksOfTheGuidesLeadSomewhere(t *testing.T) {
	files, err := filepath.Glob("../../docs/*.md")
	if err != nil || len(files) < len(pages) {
		t.Fatalf("docs has %d pages (%v), want at least %d", len(files), err, len(pages))
	}
	for _, file := range append(files, "../../README.md") {
		text := fence.ReplaceAllString(read(t, file), "")
		for _, m := range link.FindAllStringSubmatch(text, -1) {
			target := file
			if m[1] != "" {
				target = filepath.Join(filepath.Dir(file), m[1])
			}
			if _, err := os.Stat(target); err != nil {
				t.Errorf("%s links to %s: %v", filepath.Base(file), m[1], err)
			} else if m[2] != "" && !slices.Contains(anchors(read(t, target)), m[2]) {
				t.Errorf("%s links to %s, which has no heading %s", filepath.Base(file), target, m[2])
			}
		}
	}
}

// anchors returns the names of the headings of a page, as in a link.
func anchors(page string) []string {
	var out []string
	for _, m := range heading.FindAllStringSubmatch(fence.ReplaceAllString(page, ""), -1) {
		name := dropped.ReplaceAllString(strings.ToLower(m[1]), "")
		out = append(out, strings.ReplaceAll(name, " ", "-"))
	}
	return out
}

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
