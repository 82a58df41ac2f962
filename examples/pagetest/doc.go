// Package pagetest looks at the page of the demo in a real browser, as a person
// with a screen, a phone or a keyboard does. It is a module of its own, because
// driving a browser takes more than the library needs. There is nothing here but
// tests.
package pagetest
