// Package pagetest tests the page of the demo in a real browser, on a large screen, on the
// screen of a phone, and with the keyboard. It is a separate module, because only these tests
// need the packages that drive a browser.
package pagetest
