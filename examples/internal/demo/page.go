package demo

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/backstop-go/backstop/problem"
)

// pageHTML is a page that shows the same failure in all styles. It loads nothing from other
// servers than the demo.
//
//go:embed page.html
var pageHTML string

// page serves pageHTML. Its Content-Security-Policy allows the script and the style sheet in
// the page, requests to the demo, and nothing else. Even the script of the page cannot make
// HTML of a text.
func page() http.Handler {
	policy := strings.Join([]string{
		"default-src 'none'", "connect-src 'self'", "img-src data:",
		"script-src " + hashOf("script"), "style-src " + hashOf("style"),
		"require-trusted-types-for 'script'", "trusted-types 'none'",
		"base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'",
	}, "; ")
	return problem.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) error {
		h := w.Header()
		h.Set("Content-Type", "text/html; charset=utf-8")
		h.Set("Content-Length", strconv.Itoa(len(pageHTML)))
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cache-Control", "no-cache")
		_, err := io.WriteString(w, pageHTML)
		return err
	})
}

// hashOf returns the hash of the text of an element, as a Content-Security-Policy writes it.
func hashOf(element string) string {
	_, rest, _ := strings.Cut(pageHTML, "<"+element+">")
	text, _, _ := strings.Cut(rest, "</"+element+">")
	sum := sha256.Sum256([]byte(text))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}
