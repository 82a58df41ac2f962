package pagetest

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"github.com/backstop-go/backstop/internal/questions"
)

var (
	allocator context.Context // of the browser for all tests
	noBrowser string          // why there is no browser
)

func TestMain(m *testing.M) {
	os.Exit(func() int {
		path, err := exec.LookPath("chromium")
		if err != nil {
			noBrowser = "chromium is not installed: apt-get install chromium"
			return m.Run()
		}
		options := append(
			chromedp.DefaultExecAllocatorOptions[:],
			chromedp.ExecPath(path),
			chromedp.NoSandbox, // root cannot have one, and our own page does not need it
		)
		alloc, end := chromedp.NewExecAllocator(context.Background(), options...)
		defer end()
		browser, end := chromedp.NewContext(alloc)
		defer end()
		if err := chromedp.Do(browser); err != nil {
			fmt.Fprintln(os.Stderr, "chromium does not start:", err)
			return 1
		}
		allocator = browser
		return questions.Main(m, "..")
	}())
}

// skip skips a test that needs a program that is missing. Where the program is required, the
// test fails.
func skip(t *testing.T, why string) {
	t.Helper()
	if os.Getenv("BACKSTOP_CHROMIUM") == "required" {
		t.Fatal(why)
	}
	t.Skip(why)
}

// tab is a tab of the browser that shows the page of a demo.
type tab struct {
	context.Context
	t      *testing.T
	server *questions.Server
	origin string

	mu     sync.Mutex
	failed []string // paths that fail on purpose
	faults []string // messages of the console, and requests to other servers
	urls   []string // of all requests
}

// open starts a demo and opens its page in a new tab. At the end of the test, the console
// must have no error, and all requests must have gone to the demo.
func open(t *testing.T, args ...string) *tab {
	t.Helper()
	if noBrowser != "" {
		skip(t, noBrowser)
	}
	s := questions.Start(t, "stdlib", append([]string{"-timeout", "400ms"}, args...)...)
	ctx, closeTab := chromedp.NewContext(allocator, chromedp.WithNewBrowserContext()) // its connections end with it
	t.Cleanup(closeTab)
	ctx, stop := context.WithTimeout(ctx, time.Minute)
	t.Cleanup(stop)
	b := &tab{Context: ctx, t: t, server: s, origin: "http://" + s.Addr, failed: []string{"/styles/"}}
	t.Cleanup(func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		for _, fault := range b.faults {
			t.Error(fault)
		}
	})
	if err := chromedp.Listen(ctx, b.listen); err != nil {
		t.Fatal(err)
	}
	call(b, runtime.Enable, cdp.Empty{})
	call(b, log.Enable, cdp.Empty{})
	call(b, network.Enable, network.EnableParams{})
	return b
}

func (b *tab) listen(event any) {
	fault := ""
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		fault = "the page throws " + (&chromedp.ExceptionError{ExceptionDetails: e.ExceptionDetails}).Error()
	case *runtime.EventConsoleAPICalled:
		fault = fmt.Sprintf("the page calls console.%s", e.Type)
	case *log.EventEntryAdded:
		// The console reports a 4xx, a 5xx and a connection that was cut as errors. Here
		// they are expected.
		onPurpose := e.Entry.Source == log.EntrySourceNetwork && slices.ContainsFunc(b.failed, func(path string) bool {
			return strings.HasPrefix(e.Entry.URL, b.origin+path)
		})
		if !onPurpose {
			fault = fmt.Sprintf("the console says %q of %s", e.Entry.Text, e.Entry.URL)
		}
	case *network.EventRequestWillBeSent:
		b.mu.Lock()
		b.urls = append(b.urls, e.Request.URL)
		b.mu.Unlock()
		if u, err := url.Parse(e.Request.URL); err != nil || u.Scheme != "data" && u.Scheme+"://"+u.Host != b.origin {
			fault = "a request leaves the demo: " + e.Request.URL
		}
	}
	if fault != "" {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.faults = append(b.faults, fault)
	}
}

// sent counts the requests that the page has sent to a path.
func (b *tab) sent(path string) (n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, url := range b.urls {
		if strings.Contains(url, path) {
			n++
		}
	}
	return n
}

func (b *tab) run(actions ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	if err := chromedp.Do(b, actions...); err != nil {
		b.t.Fatal(err)
	}
}

// call sends a command of the protocol.
func call[P, R any](b *tab, command cdp.Command[P, R], params P) R {
	b.t.Helper()
	result, err := chromedp.Call(b, command, params)
	if err != nil {
		b.t.Fatal(err)
	}
	return result
}

// eval evaluates an expression in the page.
func eval[T any](b *tab, expression string) T {
	b.t.Helper()
	value, err := chromedp.Run(b, chromedp.Evaluate[T](expression))
	if err != nil {
		b.t.Fatalf("%s: %v", expression, err)
	}
	return value
}

// until waits until an expression is true.
func (b *tab) until(expression string) {
	b.t.Helper()
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		holds, err := chromedp.Run(b, chromedp.Evaluate[bool](expression))
		if holds {
			return
		}
		if time.Now().After(deadline) {
			b.t.Fatalf("%s does not become true (%v)\n%s", expression, err, eval[string](b, "document.body.innerText"))
		}
	}
}

// visit loads the page, shows a failure and waits for its six answers.
func (b *tab) visit(failure string) {
	b.t.Helper()
	b.run(chromedp.Navigate("about:blank"), chromedp.Navigate(b.origin+"/#"+failure))
	b.answered()
}

// choose clicks a failure and waits for its six answers.
func (b *tab) choose(failure string) {
	b.t.Helper()
	b.run(chromedp.Click(chromedp.CSS(`nav a[href="#` + failure + `"]`)))
	b.answered()
}

func (b *tab) answered() {
	b.t.Helper()
	b.until(`document.querySelector("#said").textContent.startsWith("Statuses:")`)
	b.until(`document.querySelector("#records").childElementCount > 0`)
}

// card is an answer as the page shows it.
type card struct {
	Style, Status, Body, Note, Limit string
	Head, Marked                     []string
}

func (b *tab) cards() []card {
	b.t.Helper()
	return eval[[]card](b, `[...document.querySelectorAll("article")].map(card => {
		const text = selector => card.querySelector(selector)?.textContent ?? "";
		const lines = selector => [...card.querySelectorAll(selector)].map(e => e.textContent.trimEnd());
		return {
			Style: card.dataset.style, Status: text(".status"), Body: text("pre.body"), Note: text(".note"), Limit: text(".limit"),
			Head: lines("pre.head .line"), Marked: lines("mark"),
		};
	})`)
}

// listed returns the names of the failures that the page lists.
func (b *tab) listed() []string {
	b.t.Helper()
	return eval[[]string](b, `[...document.querySelectorAll("nav a")].map(a => a.hash.slice(1))`)
}

// screen sets the width and the color scheme of the tab.
func (b *tab) screen(width int64, scheme string) {
	b.t.Helper()
	call(b, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{
		Width: width, Height: 900, DeviceScaleFactor: 1, Mobile: width < 600,
	})
	call(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{
		{Name: "prefers-color-scheme", Value: scheme},
		{Name: "prefers-reduced-motion", Value: "reduce"},
	}})
}

var (
	widths  = []int64{360, 1280}
	schemes = []string{"light", "dark"}
)

// TestThePageListsTheFailuresThatAreTested fails if the page has a failure that the other
// tests do not know.
func TestThePageListsTheFailuresThatAreTested(t *testing.T) {
	b := open(t)
	b.visit("")
	var tested []string
	for _, f := range failures {
		tested = append(tested, f.name)
	}
	if got := b.listed(); !slices.Equal(got, tested) {
		t.Errorf("the page lists %v, want %v", got, tested)
	}
}
