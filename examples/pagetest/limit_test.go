package pagetest

import (
	"regexp"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// served is true when all six services have answered after their Retry-After.
const served = `document.querySelector("#said").textContent.includes("each was served")`

var afterWaiting = regexp.MustCompile(`^After [1-3] s: 200 OK, \d+ of 20 left$`)

// TestTheCountdownEndsInASuccess uses up the limits of all services. At 20 requests a minute
// the countdown takes 3 s, long enough to be seen.
func TestTheCountdownEndsInASuccess(t *testing.T) {
	b := open(t, "-rate", "20")
	b.visit("")
	eval[bool](b, `{
		window.seen = [];
		new MutationObserver(() => window.seen.push(document.querySelector(".limit")?.textContent))
			.observe(document.querySelector("#answers"), { subtree: true, childList: true });
		true;
	}`)
	b.choose(rateLimit)
	for _, c := range b.cards() {
		if !strings.HasPrefix(c.Status, "429 ") {
			t.Errorf("%s answers %s when its limit is used up, want 429", c.Style, c.Status)
		}
	}
	b.until(served)
	for _, c := range b.cards() {
		if !afterWaiting.MatchString(c.Limit) {
			t.Errorf("%s says %q in the end, want %v", c.Style, c.Limit, afterWaiting)
		}
	}
	seen := strings.Join(eval[[]string](b, `[...new Set(window.seen.filter(Boolean))]`), "\n")
	for _, want := range []string{
		"19 of 20 left after 1 request\n", "10 of 20 left after", "0 of 20 left after 20 requests\n",
		"Retry-After: ", ", so again in 0.9 s", ", so again in 0.5 s",
	} {
		if !strings.Contains(seen, want) {
			t.Errorf("the limit was never shown as %q, but as\n%s", want, seen)
		}
	}
}

// TestAnotherChoiceEndsTheOneBefore chooses another failure while requests are sent. No more
// of them are sent, and the cards show only the new failure.
func TestAnotherChoiceEndsTheOneBefore(t *testing.T) {
	b := open(t, "-rate", "100000")
	b.visit("")
	b.run(chromedp.Click(chromedp.CSS(`nav a[href="#rate-limit"]`)))
	b.until(`document.querySelector(".limit")?.textContent.includes("left after") === true`)
	b.choose("conflict")
	before := b.sent("/api/v1/search")
	b.choose("panic")
	b.choose("conflict")
	if after := b.sent("/api/v1/search"); before == 0 || after != before {
		t.Errorf("%d requests are sent against a limit before another choice, and %d after it", before, after-before)
	}
	for _, c := range b.cards() {
		if !strings.HasPrefix(c.Status, "409 ") || c.Limit != "" {
			t.Errorf("%s shows %s and the limit %q after a conflict was chosen", c.Style, c.Status, c.Limit)
		}
	}
}

// If a limit is too high to be used up, the page gives up and says so.
func TestALimitThatIsTooWide(t *testing.T) {
	b := open(t, "-rate", "100000")
	b.screen(1280, "light") // without animations
	b.visit(rateLimit)
	for _, c := range b.cards() {
		if !strings.HasPrefix(c.Status, "200 ") || !strings.Contains(c.Note, "smaller -rate") {
			t.Errorf("%s shows %s and %q, want the advice to start with a smaller rate", c.Style, c.Status, c.Note)
		}
	}
}
