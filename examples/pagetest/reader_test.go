package pagetest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

const axe = "axe-core@4.14.1"

// readAxe installs axe, a checker of accessibility, by npm and returns its script.
func readAxe(t *testing.T) string {
	t.Helper()
	if _, err := exec.LookPath("npm"); err != nil {
		skip(t, "axe-core is a package of npm: apt-get install npm")
	}
	dir := t.TempDir()
	cmd := exec.CommandContext(t.Context(), "npm", "install", "--prefix="+dir, "--no-audit", "--no-fund", "--ignore-scripts", axe)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Skipf("npm cannot install %s, which takes a network: %v\n%s", axe, err, out)
	}
	text, err := os.ReadFile(filepath.Join(dir, "node_modules", "axe-core", "axe.min.js"))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

type violation struct {
	ID, Impact, Help string
	Nodes            []struct{ HTML, FailureSummary string }
}

// TestAxeFindsNothingSerious checks the accessibility of the page on both screens, in both
// color schemes.
func TestAxeFindsNothingSerious(t *testing.T) {
	b := open(t)
	rules := readAxe(t)
	judge := func(what string) (serious int) {
		t.Helper()
		eval[bool](b, rules+";true")
		result, err := chromedp.Run(b, chromedp.Evaluate[string](
			`axe.run().then(r => JSON.stringify({passes: r.passes.length, violations: r.violations}))`, chromedp.EvalAwaitPromise,
		))
		if err != nil {
			t.Fatal(err)
		}
		var report struct {
			Passes     int
			Violations []violation
		}
		if err := json.Unmarshal([]byte(result), &report); err != nil || report.Passes < 10 {
			t.Fatalf("axe reports %d passes (%v), so it proves nothing", report.Passes, err)
		}
		for _, v := range report.Violations {
			if v.Impact == "serious" || v.Impact == "critical" {
				serious++
			}
			if what != "" {
				t.Errorf("%s: %s: %s: %s %v", what, v.Impact, v.ID, v.Help, v.Nodes)
			}
		}
		return serious
	}
	for _, width := range widths {
		for _, scheme := range schemes {
			b.screen(width, scheme)
			for _, failure := range []string{"field-errors", halfWay, "old-handler"} {
				b.visit(failure)
				judge(fmt.Sprintf("%s at %d px, %s", failure, width, scheme))
			}
		}
	}
	b.choose(rateLimit)
	b.until(served)
	judge(rateLimit)
	eval[bool](b, `document.querySelector("nav a").style.color = "#ccc", document.querySelector("nav a").style.background = "#fff", true`)
	if judge("") == 0 {
		t.Error("axe finds nothing wrong with grey on white")
	}
}

// TestNothingIsWiderThanAPhone shows each failure on a screen of 360 px.
func TestNothingIsWiderThanAPhone(t *testing.T) {
	b := open(t)
	b.screen(360, "light")
	b.visit("")
	for _, f := range failures {
		b.choose(f.name)
		if width := eval[int](b, `document.scrollingElement.scrollWidth`); width != 360 {
			t.Errorf("%s is %d px wide, want 360", f.name, width)
		}
		if top := eval[float64](b, `document.querySelector(".failure:not([hidden])").getBoundingClientRect().top`); top < 0 || top > 450 {
			t.Errorf("%s is at %.0f of 900 px after it was chosen, want it in sight", f.name, top)
		}
	}
}

// TestTheKeyboardIsEnough uses the page with Tab, Enter and the arrow keys only.
func TestTheKeyboardIsEnough(t *testing.T) {
	b := open(t)
	b.visit("")
	const focused = `(e => e.hash || e.id || e.value || (e === document.body ? "" : e.textContent))(document.activeElement)`
	press := func(key string) string {
		t.Helper()
		b.run(chromedp.KeyEvent(key))
		return eval[string](b, focused)
	}
	for _, f := range failures {
		if got := press(kb.Tab); got != "#"+f.name {
			t.Fatalf("Tab leads to %q, want #%s", got, f.name)
		}
		if outline := eval[string](b, `getComputedStyle(document.activeElement).outlineStyle`); outline != "solid" {
			t.Errorf("the focus on %s has the outline %s", f.name, outline)
		}
	}
	press(kb.Enter)
	b.until(`location.hash === "#timeout"`)
	b.answered()
	if got := eval[string](b, focused); got != "#timeout" {
		t.Errorf("after a choice the focus is on %q, want it unchanged", got)
	}
	for _, want := range []string{"again", "copy", "entryguard"} {
		if got := press(kb.Tab); got != want {
			t.Fatalf("Tab leads to %q, want %s", got, want)
		}
	}
	first := eval[string](b, `document.querySelector("#records").textContent`)
	if got := press(kb.ArrowRight); got != "enpass" {
		t.Errorf("the arrow leads to %q, want enpass", got)
	}
	b.until(`document.querySelector("#records").childElementCount > 0`)
	b.until(fmt.Sprintf(`document.querySelector("#records").textContent !== %q`, first))
	for range 6 { // the links of the footer
		press(kb.Tab)
	}
	if got := press(kb.Tab); got != "" {
		t.Errorf("after the last link the focus is on %q, want it to leave the page", got)
	}
}

// The Back button of the browser leads to the failure that was chosen before.
func TestBackLeadsToTheChoiceBefore(t *testing.T) {
	b := open(t)
	b.visit("conflict")
	b.choose("panic")
	b.run(chromedp.Evaluate[chromedp.Void](`history.back()`))
	b.until(`document.querySelector("nav a[aria-current]").hash === "#conflict"`)
	b.answered()
	if status := b.cards()[0].Status; !strings.HasPrefix(status, "409") {
		t.Errorf("the answer is %s, want 409", status)
	}
}

// The log on the page has the secrets, and no answer has them.
func TestTheLogKnowsWhatNoAnswerSays(t *testing.T) {
	b := open(t)
	b.visit("")
	for failure, secret := range map[string]string{
		"panic": "dial postgres: dsn=s3cr3t-dsn", halfWay: "dial postgres: dsn=s3cr3t-dsn", "old-handler": "pq: password authentication failed",
	} {
		b.choose(failure)
		answers := eval[string](b, `document.querySelector("#answers").textContent`)
		id := eval[string](b, `document.querySelector("article .head").textContent.match(/req_\w+/)[0]`)
		b.until(fmt.Sprintf(`document.querySelector("#records").textContent.includes(%q)`, id))
		log := eval[string](b, `document.querySelector("#records").textContent`)
		if !strings.Contains(log, secret) || !strings.Contains(log, id) || strings.Contains(answers, secret) {
			t.Errorf("%s: want %q of %s in the log and not in the answers:\n%s\n%s", failure, secret, id, log, answers)
		}
	}
}

// TestLinksWorkWithoutScript switches JavaScript off, and follows each link.
func TestLinksWorkWithoutScript(t *testing.T) {
	b := open(t)
	call(b, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
	b.run(chromedp.Navigate(b.origin + "/"))
	links, err := chromedp.Run(b, chromedp.AttributesAll(chromedp.CSSAll("a")))
	if err != nil {
		t.Fatal(err)
	}
	seen := map[int]int{}
	for _, link := range links {
		path, isPath := link["href"], strings.HasPrefix(link["href"], "/")
		if !isPath {
			if _, err := chromedp.Run(b, chromedp.Nodes(chromedp.CSS(path))); err != nil {
				t.Errorf("the link to %s leads nowhere: %v", path, err)
			}
			continue
		}
		resp, err := http.Get(b.origin + path)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		seen[resp.StatusCode]++
	}
	// In each style: the document, an unknown path, a panic, an old handler and a timeout.
	if fmt.Sprint(seen) != "map[200:6 404:6 500:12 504:6]" {
		t.Errorf("the links lead to %v", seen)
	}
	b.failed = append(b.failed, "/favicon.ico") // a browser asks for it when it shows JSON
	panics := chromedp.Click(chromedp.CSS(`noscript a[href="/styles/enpass/api/v1/faults/panic"]`))
	if _, err := chromedp.RunResponse(b, panics); err != nil { // waits for the new page
		t.Fatal(err)
	}
	text, err := chromedp.Run(b, chromedp.Text(chromedp.CSS("body pre")))
	if err != nil || !strings.Contains(text, `"unknown_error"`) {
		t.Errorf("the link to a panic shows %q (%v), want the envelope", text, err)
	}
}
