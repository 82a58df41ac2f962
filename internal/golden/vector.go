package golden

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// Vector is an exchange that a vendor has published as an example.
type Vector struct {
	Name    string `json:"-"` // of the file, without .json
	Request struct {
		Method  string // empty if the page names none
		Path    string // likewise
		Headers map[string]string
		Body    json.RawMessage
	}
	Status  int // 0 if the page shows a mere shape
	Headers map[string]string
	Body    json.RawMessage
}

// Vectors reads the originals in a directory. It fails if there are none.
func Vectors(t testing.TB, dir string) []Vector {
	t.Helper()
	var all []Vector
	for _, file := range list(t, filepath.Join(dir, "*.json")) {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		v := Vector{Name: strings.TrimSuffix(filepath.Base(file), ".json")}
		if err := json.Unmarshal(data, &v); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		all = append(all, v)
	}
	if len(all) == 0 {
		t.Fatalf("no originals in %s", dir)
	}
	return all
}

// Replay compares every example in a directory with an answer of respond, as
// [Vector.Compare] does with the named headers. published has the error of each
// example, by its name; an example without one fails the test. The answer is made in
// a bubble of testing/synctest, at the time that the example prints.
func Replay(t *testing.T, dir string, published map[string]error, respond func(http.ResponseWriter, *http.Request, error), headers ...string) {
	t.Helper()
	for _, v := range Vectors(t, dir) {
		t.Run(v.Name, func(t *testing.T) {
			failure, ok := published[v.Name]
			if !ok {
				t.Fatal("the test does not say which error has this example as its answer")
			}
			synctest.Test(t, func(t *testing.T) {
				v.Wait(t)
				w := httptest.NewRecorder()
				respond(w, v.NewRequest(), failure)
				v.Compare(t, w.Code, w.Header(), w.Body.Bytes(), headers...)
			})
		})
	}
}

// NewRequest makes the request of the example; what the page leaves open is a
// GET of the root.
func (v Vector) NewRequest() *http.Request {
	method, path := v.Request.Method, v.Request.Path
	if method == "" {
		method = http.MethodGet
	}
	if path == "" {
		path = "/"
	}
	r := httptest.NewRequest(method, path, bytes.NewReader(v.Request.Body))
	for name, value := range v.Request.Headers {
		r.Header.Set(name, value)
	}
	return r
}

// Wait sleeps until the instant that the example prints. In a bubble of
// testing/synctest that takes no time, and the answer then carries the very
// timestamp of the example.
func (v Vector) Wait(t testing.TB) {
	t.Helper()
	var body struct {
		Timestamp time.Time
		Debug     struct{ Timestamp time.Time }
	}
	if err := json.Unmarshal(v.Body, &body); err != nil {
		t.Fatal(err)
	}
	time.Sleep(time.Until(body.Timestamp))
	time.Sleep(time.Until(body.Debug.Timestamp))
}

// Compare compares an answer with the example: status, body without white
// space, and those headers of the example that are named. A body that has to
// differ in a place is passed with that place replaced.
func (v Vector) Compare(t testing.TB, status int, header http.Header, body []byte, headers ...string) {
	t.Helper()
	if v.Status != 0 && status != v.Status {
		t.Errorf("status = %d, want %d", status, v.Status)
	}
	var got, want bytes.Buffer
	if err := json.Compact(&got, body); err != nil {
		t.Fatalf("body is no JSON: %v\n%s", err, body)
	}
	if err := json.Compact(&want, v.Body); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got.Bytes(), want.Bytes()) {
		t.Errorf("body differs from the published one\n got: %s\nwant: %s", got.Bytes(), want.Bytes())
	}
	for _, name := range headers {
		if want, ok := v.Headers[name]; ok && header.Get(name) != want {
			t.Errorf("%s = %q, want %q", name, header.Get(name), want)
		}
	}
}
