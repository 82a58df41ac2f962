package pagetest

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// TestScreenshots writes pictures of the whole page, for a person to look at.
func TestScreenshots(t *testing.T) {
	dir := os.Getenv("BACKSTOP_SCREENSHOTS")
	if dir == "" {
		t.Skip("to write pictures of the page, name a folder: BACKSTOP_SCREENSHOTS=/tmp/page")
	}
	b := open(t)
	shoot := func(name string) {
		t.Helper()
		picture, err := chromedp.Run(b, chromedp.FullScreenshot(100))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name+".png"), picture, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, width := range widths {
		for _, scheme := range schemes {
			b.screen(width, scheme)
			for _, failure := range []string{"field-errors", "missing-scope", rateLimit, halfWay, "old-handler"} {
				b.visit(failure)
				if failure == rateLimit {
					b.until(served)
				}
				shoot(fmt.Sprintf("%s-%d-%s", failure, width, scheme))
			}
		}
	}
	call(b, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
	b.run(chromedp.Navigate(b.origin + "/"))
	shoot("without-script")
}

// TestPicture makes the picture in the README.
func TestPicture(t *testing.T) {
	if os.Getenv("UPDATE_PICTURE") == "" {
		t.Skip("to write docs/page.png again, set UPDATE_PICTURE=1")
	}
	b := open(t, "-addr", "127.0.0.1:8080")
	b.screen(1280, "light")
	b.visit("")
	b.choose("missing-scope")
	call(b, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{
		Width: 1280, Height: eval[int64](b, `Math.ceil(document.querySelector("#answers").getBoundingClientRect().bottom) + 24`), DeviceScaleFactor: 1,
	})
	b.run(chromedp.Evaluate[chromedp.Void](`document.activeElement.blur()`))
	shot, err := chromedp.Run(b, chromedp.CaptureScreenshot())
	if err != nil {
		t.Fatal(err)
	}
	picture, err := png.Decode(bytes.NewReader(shot))
	if err != nil {
		t.Fatal(err)
	}
	var small bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&small, reduced(picture, 32)); err != nil {
		t.Fatal(err)
	}
	if small.Len() > 100<<10 {
		t.Errorf("the picture has %d bytes, want at most 100 KiB", small.Len())
	}
	if err := os.WriteFile("../../docs/page.png", small.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
}

// reduced returns the picture with its most frequent colours only.
func reduced(picture image.Image, colours int) image.Image {
	count := map[color.Color]int{}
	bounds := picture.Bounds()
	for y := bounds.Min.Y; y < bounds.Max.Y; y++ {
		for x := bounds.Min.X; x < bounds.Max.X; x++ {
			count[picture.At(x, y)]++
		}
	}
	palette := slices.SortedFunc(maps.Keys(count), func(a, b color.Color) int { return count[b] - count[a] })
	paletted := image.NewPaletted(bounds, palette[:min(colours, len(palette))])
	draw.Draw(paletted, bounds, picture, bounds.Min, draw.Src)
	return paletted
}
