package pagetest

import (
	"strings"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/fetch"
	"github.com/chromedp/chromedp"
)

const hostile = `<img src=x onerror="document.title='owned'"><script>document.title='owned'</script>&lt;b&gt;`

// answerAll answers all requests of the page in place of the demo, except those for the page
// itself and for the log.
func (b *tab) answerAll(status int64, header map[string]string, body string) {
	b.t.Helper()
	params := fetch.FulfillRequestParams{ResponseCode: status, ResponsePhrase: "Any", Body: []byte(body)}
	for name, value := range header {
		params.ResponseHeaders = append(params.ResponseHeaders, &fetch.HeaderEntry{Name: name, Value: value})
	}
	err := chromedp.Listen(b, func(event any) {
		if e, ok := event.(*fetch.EventRequestPaused); ok {
			answer := params
			answer.RequestID = e.RequestID
			go chromedp.Call(b, fetch.FulfillRequest, answer) // fails if the tab is closed
		}
	})
	if err != nil {
		b.t.Fatal(err)
	}
	call(b, fetch.Enable, fetch.EnableParams{Patterns: []*fetch.RequestPattern{{URLPattern: b.origin + "/styles/*"}}})
}

// TestWhatAServerSaysStaysText lets the services answer with markup wherever an answer has
// text. The page must show the markup as text.
func TestWhatAServerSaysStaysText(t *testing.T) {
	for name, body := range map[string]string{
		"no JSON": hostile,
		"JSON":    `{"message":"<img src=x>","<b>":["</script>"]}`,
	} {
		t.Run(name, func(t *testing.T) {
			b := open(t)
			b.answerAll(404, map[string]string{"Content-Type": "text/html", "X-Request-Id": "<i>req", "X-Html": hostile}, body)
			b.run(chromedp.Navigate(b.origin + "/"))
			b.until(`document.querySelector("#said").textContent.startsWith("Statuses:")`)
			for _, c := range b.cards() {
				if masked(c.Body) != masked(body) {
					t.Errorf("%s shows %q, want the text %q", c.Style, c.Body, body)
				}
				if !strings.Contains(strings.Join(c.Head, "\n"), "X-Html: "+hostile) {
					t.Errorf("%s shows %q, want the header's text", c.Style, c.Head)
				}
			}
			if n := eval[int](b, `document.querySelectorAll("main img, main b, main i, main script").length`); n != 0 {
				t.Errorf("texts of answers have become %d elements", n)
			}
			if title := eval[string](b, `document.title`); strings.Contains(title, "owned") {
				t.Errorf("a text of an answer was run as a script")
			}
		})
	}
}

// TestThePolicyForbidsMarkupOfText runs a script that makes HTML of a text, which the page
// never does. The browser must refuse that.
func TestThePolicyForbidsMarkupOfText(t *testing.T) {
	b := open(t)
	b.visit("")
	if eval[bool](b, `(() => { try { document.body.innerHTML = "<b>x</b>"; return true } catch { return false } })()`) {
		t.Error("a script can make HTML of a text")
	}
	b.mu.Lock() // the console reports the refusal, which is expected here
	defer b.mu.Unlock()
	if len(b.faults) == 0 || !strings.Contains(b.faults[0], "TrustedHTML") {
		t.Errorf("the console says %v, want that TrustedHTML is required", b.faults)
	}
	b.faults = nil
}

// TestWhateverComesIsShown tries answers that no service of the demo sends.
func TestWhateverComesIsShown(t *testing.T) {
	for _, c := range []struct {
		name, body   string
		status       int64
		wantStatus   string
		wantNote     string
		longestShown int
	}{
		{"an empty answer", "", 204, "204", "", 0},
		{"an unknown status", "x", 599, "599 Any", "", 1},
		{"a long line", strings.Repeat("a", 1<<20), 500, "500", "There is more, which is not shown.", 64 << 10},
		{"many lines", strings.Repeat("a\n", 1000), 500, "500", "There is more, which is not shown.", 1000},
		{"no UTF-8", "\xff\x00\xfe", 500, "500", "", 9},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := open(t)
			b.answerAll(c.status, nil, c.body)
			b.run(chromedp.Navigate(b.origin + "/"))
			b.until(`document.querySelector("#said").textContent.startsWith("Statuses:")`)
			for _, got := range b.cards() {
				if !strings.HasPrefix(got.Status, c.wantStatus) || got.Note != c.wantNote || len(got.Body) > c.longestShown+1 {
					t.Errorf("%s shows %s, %q and %d bytes, want %s, %q and at most %d", got.Style, got.Status, got.Note, len(got.Body), c.wantStatus, c.wantNote, c.longestShown)
				}
			}
		})
	}
}

// If the demo does not run any more, the page shows that there is no answer.
func TestADemoThatIsGone(t *testing.T) {
	b := open(t)
	b.visit("")
	call(b, fetch.Enable, fetch.EnableParams{})
	if err := chromedp.Listen(b, func(event any) {
		if e, ok := event.(*fetch.EventRequestPaused); ok {
			go chromedp.Call(b, fetch.FailRequest, fetch.FailRequestParams{RequestID: e.RequestID, ErrorReason: "ConnectionRefused"})
		}
	}); err != nil {
		t.Fatal(err)
	}
	b.run(chromedp.Click(chromedp.CSS("#again")))
	b.until(`document.querySelector("#said").textContent === "Statuses: none, none, none, none, none, none."`)
	for _, c := range b.cards() {
		if c.Status != "no answer" || !strings.Contains(c.Note, "No answer: the connection was refused") {
			t.Errorf("%s shows %q and %q, want no answer", c.Style, c.Status, c.Note)
		}
	}
	call(b, fetch.Disable, cdp.Empty{})
}
