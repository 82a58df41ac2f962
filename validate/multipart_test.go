package validate_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/textproto"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/backstop-go/backstop/middleware"
	"github.com/backstop-go/backstop/problem"
	"github.com/backstop-go/backstop/validate"
)

// upload is a form with all kinds of fields.
type upload struct {
	Name   string                  `form:"name" validate:"required,max=20"`
	Agree  bool                    `form:"agree"`
	Tags   []string                `form:"tags" validate:"max=3,dive,max=9"`
	Avatar *multipart.FileHeader   `form:"avatar"`
	Pages  []*multipart.FileHeader `form:"pages" validate:"max=2"`
}

// A part of a form: text, or a file if it has a file name.
type part struct{ name, file, content string }

func multipartBody(parts ...part) (kind string, body []byte) {
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for _, p := range parts {
		header := fmt.Sprintf(`form-data; name=%q`, p.name)
		if p.file != "" {
			header += fmt.Sprintf(`; filename=%q`, p.file)
		}
		to, _ := w.CreatePart(textproto.MIMEHeader{"Content-Disposition": {header}})
		io.WriteString(to, p.content)
	}
	w.Close()
	return w.FormDataContentType(), b.Bytes()
}

func multipartPost(parts ...part) *http.Request {
	kind, body := multipartBody(parts...)
	r := httptest.NewRequest(http.MethodPost, "/", bytes.NewReader(body))
	r.Header.Set("Content-Type", kind)
	return r
}

func TestMultipartForms(t *testing.T) {
	name := part{"name", "", "Ann"}
	small := validate.Config{MaxBody: 2000, MaxParams: 4}
	many := make([]part, 1001)
	for i := range many {
		many[i] = part{fmt.Sprint("p", i), "", ""}
	}
	for _, tt := range []struct {
		name  string
		parts []part
		cfg   validate.Config
		want  string
	}{
		{"text", []part{name, {"agree", "", "on"}, {"tags", "", "a"}, {"tags", "", "b"}}, small, "ok"},
		{"a file", []part{name, {"avatar", "me.png", "\x89PNG"}}, small, "ok"},
		{"a file input that was not used", []part{name, {"avatar", "", ""}}, small, "ok"},
		{"files", []part{name, {"pages", "1.txt", "one"}, {"pages", "2.txt", "two"}}, small, "ok"},
		{"too many files with one name", []part{name, {"pages", "1", "a"}, {"pages", "2", "b"}, {"pages", "3", "c"}}, small, "V(pages max)"},
		{"two files for a field with one", []part{name, {"avatar", "1", "a"}, {"avatar", "2", "b"}}, small, "V(avatar repeat)"},
		{"a text for a file field", []part{name, {"avatar", "", "x"}}, small, "V(avatar format)"},
		{"a file for a text field", []part{{"name", "x", "Ann"}}, small, "V(name type)"},
		{"a rule", []part{{"name", "", "this is longer than twenty"}}, small, "V(name max)"},
		{"nothing", []part{{"x", "", ""}}, small, "V(name required)"},
		{"a name twice", []part{name, name}, small, "V(name repeat)"},
		{"no UTF-8", []part{{"name", "", "\xff"}}, small, "V(name encoding)"},
		{"an unknown file", []part{name, {"x", "x", "x"}}, small, "ok"},
		{"as many parts as allowed", []part{name, {"a", "", ""}, {"b", "", ""}, {"c", "c", ""}}, small, "ok"},
		{"too many parts", []part{name, {"a", "", ""}, {"b", "", ""}, {"c", "c", ""}, {"d", "", ""}}, small, "IR Too many parameters"},
		{"1001 parts", many, validate.Config{}, "IR Too many parameters"},
		{"too large", []part{name, {"avatar", "x", times(2000, "x")}}, small, "payload_too_large"},
	} {
		v, err := validate.New(tt.cfg)
		if err != nil {
			t.Fatal(err)
		}
		for _, chunked := range []bool{false, true} {
			r := multipartPost(tt.parts...)
			if chunked {
				r.ContentLength = -1
			}
			in, err := validate.Decode[upload](v, httptest.NewRecorder(), r)
			if got := outcome(err); got != tt.want {
				t.Errorf("%s, chunked %v: Decode = %s, want %s", tt.name, chunked, got, tt.want)
			}
			if tt.name == "a file" && (in.Avatar == nil || in.Avatar.Filename != "me.png" || contents(t, in.Avatar) != "\x89PNG") {
				t.Errorf("%s: Decode = %+v, want the file", tt.name, in.Avatar)
			}
			if tt.name == "files" && (len(in.Pages) != 2 || contents(t, in.Pages[1]) != "two") {
				t.Errorf("%s: Decode = %+v, want two files", tt.name, in.Pages)
			}
			if tt.name == "text" && (in.Name != "Ann" || !in.Agree || len(in.Tags) != 2) {
				t.Errorf("%s: Decode = %+v, want what was sent", tt.name, in)
			}
		}
	}
}

func contents(t *testing.T, h *multipart.FileHeader) string {
	t.Helper()
	f, err := h.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	data, err := io.ReadAll(f)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestMalformedMultipart(t *testing.T) {
	kind, body := multipartBody(part{"name", "", "Ann"})
	for name, tt := range map[string]struct {
		kind string
		body string
		want string
	}{
		"cut":                {kind, string(body[:len(body)/2]), "IR Request body could not be read"},
		"no parts":           {kind, "nothing", "IR Malformed form body"},
		"another boundary":   {"multipart/form-data; boundary=x", string(body), "IR Malformed form body"},
		"no boundary":        {"multipart/form-data", string(body), "unsupported_media_type Content-Type must be application/x-www-form-urlencoded or multipart/form-data"},
		"multipart/mixed":    {strings.Replace(kind, "form-data", "mixed", 1), string(body), "unsupported_media_type Content-Type must be application/x-www-form-urlencoded or multipart/form-data"},
		"a very long header": {kind, strings.Replace(string(body), "name=", times(1<<20, "x")+"=1; name=", 1), "payload_too_large"},
	} {
		r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(tt.body))
		r.Header.Set("Content-Type", tt.kind)
		if name == "cut" {
			r.Body = io.NopCloser(io.MultiReader(r.Body, readFunc(func([]byte) (int, error) { return 0, io.ErrUnexpectedEOF })))
		}
		if _, err := validate.Decode[upload](nil, nil, r); outcome(err) != tt.want {
			t.Errorf("%s: Decode = %s, want %s", name, outcome(err), tt.want)
		}
	}
}

func TestFormThatWasReadBefore(t *testing.T) {
	r := multipartPost(part{"name", "", "Ann"})
	if _, err := io.Copy(io.Discard, r.Body); err != nil {
		t.Fatal(err)
	}
	if _, err := validate.Decode[upload](nil, nil, r); outcome(err) != "internal" || !strings.Contains(err.Error(), "read before") {
		t.Errorf("a consumed form = %v, want an internal error that says so", err)
	}
}

func TestFileNamesAreNoPaths(t *testing.T) {
	for sent, want := range map[string]string{
		"a.txt": "a.txt", "../../etc/passwd": "passwd", `..\..\boot.ini`: "boot.ini", `C:\x\y.doc`: "y.doc", "/etc/": "etc",
		"..": "", ".": "", "a/..": "", `a\..`: "", ".hidden": ".hidden",
	} {
		// The body is written by hand, because multipart.Writer would escape the backslash.
		body := "--b\r\nContent-Disposition: form-data; name=\"name\"\r\n\r\nAnn\r\n--b\r\n" +
			"Content-Disposition: form-data; name=\"avatar\"; filename=\"" + strings.ReplaceAll(sent, `\`, `\\`) + "\"\r\n\r\nx\r\n--b--\r\n"
		r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
		r.Header.Set("Content-Type", "multipart/form-data; boundary=b")
		in, err := validate.Decode[upload](nil, nil, r)
		if err != nil || in.Avatar == nil || in.Avatar.Filename != want {
			t.Errorf("a file called %q = %+v, %s, want the name %q", sent, in.Avatar, outcome(err), want)
		}
	}
}

// Files that do not fit into memory are written to disk. They are removed when the request ends,
// in whatever way it ends.
func TestTemporaryFilesAreRemoved(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	v, err := validate.New(validate.Config{MaxBody: 8 << 20})
	if err != nil {
		t.Fatal(err)
	}
	files := func() int {
		list, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		return len(list)
	}
	var seen atomic.Int64
	handler := func(_ http.ResponseWriter, _ *http.Request, in upload) error {
		seen.Store(int64(files()))
		switch in.Name {
		case "fails":
			return errors.New("no")
		case "panics":
			panic("no")
		}
		return nil
	}
	errs := problem.New(problem.Config{Logger: slog.New(slog.DiscardHandler)})
	bare := validate.HandlerFunc(v, handler)
	around := validate.Handler[upload](v)(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := handler(w, r, validate.FromContext[upload](r.Context())); err != nil {
			problem.Respond(w, r, err)
		}
	}))
	byHand := problem.HandlerFunc(func(w http.ResponseWriter, r *http.Request) error {
		in, err := validate.Decode[upload](v, w, r)
		if err != nil {
			return err
		}
		return handler(w, r, in)
	})
	// copying passes a copy of the request on, as chi does.
	copying := func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { h.ServeHTTP(w, r.Clone(r.Context())) })
	}
	for name, h := range map[string]http.Handler{
		"HandlerFunc":             bare,
		"HandlerFunc in Standard": middleware.Standard(errs)(bare),
		"Handler":                 around,
		"Decode":                  byHand,
		"Decode in Standard":      middleware.Standard(errs)(copying(byHand)),
		"HandlerFunc below chi":   copying(bare),
	} {
		s := httptest.NewServer(h)
		s.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, 0)
		for _, who := range []string{"Ann", "fails", "panics", "this is longer than twenty"} {
			if name == "Decode" && who == "panics" {
				continue // after a panic net/http does not remove the files; Recover would
			}
			seen.Store(0)
			kind, body := multipartBody(part{"name", "", who}, part{"avatar", "x", times(3<<20, "x")})
			resp, err := http.Post(s.URL, kind, bytes.NewReader(body))
			if err == nil {
				io.Copy(io.Discard, resp.Body)
				resp.Body.Close()
			}
			if seen.Load() == 0 && len(who) < 20 {
				t.Errorf("%s, %s: the handler saw no temporary file", name, who)
			}
		}
		s.Close()
		if n := files(); n > 0 {
			t.Errorf("%s leaves %d temporary files", name, n)
		}
	}
}

// Handler lets the wrapped handler read the same bytes again.
func TestHandlerOfAMultipartForm(t *testing.T) {
	kind, body := multipartBody(part{"name", "", "Ann"}, part{"avatar", "x", "file"})
	h := validate.Handler[upload](nil)(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		in := validate.FromContext[upload](r.Context())
		again, err := io.ReadAll(r.Body)
		if err != nil || !bytes.Equal(again, body) || contents(t, in.Avatar) != "file" {
			t.Errorf("inside Handler the form is %+v and the body %q, %v, want the form and its bytes", in, again, err)
		}
	}))
	r := httptest.NewRequest(http.MethodPost, "/", bytes.NewReader(body))
	r.Header.Set("Content-Type", kind)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	if w.Code != http.StatusOK {
		t.Errorf("Handler of a multipart form = %d %s, want 200", w.Code, w.Body)
	}
}

// The body is the one that a browser sends for a FormData with two texts, a checkbox, a file, and
// a file input that was not used.
func TestFormDataOfABrowser(t *testing.T) {
	body, err := os.ReadFile(filepath.Join("testdata", "formdata.bin"))
	if err != nil {
		t.Fatal(err)
	}
	boundary, _, _ := strings.Cut(strings.TrimPrefix(string(body), "--"), "\r\n")
	r := httptest.NewRequest(http.MethodPost, "/", bytes.NewReader(body))
	r.Header.Set("Content-Type", "multipart/form-data; boundary="+boundary)
	in, err := validate.Decode[upload](nil, httptest.NewRecorder(), r)
	if err != nil {
		t.Fatalf("Decode of a browser's FormData = %s, want ok", outcome(err))
	}
	if in.Name != "Zoë \"Z\"" || !in.Agree || len(in.Tags) != 2 || in.Avatar == nil || in.Avatar.Filename != "naïve %22x%22.txt" || in.Pages != nil {
		t.Errorf("Decode of a browser's FormData = %+v, want what was in the form", in)
	}
	if got := contents(t, in.Avatar); got != "hello\r\nworld\n" {
		t.Errorf("the file = %q, want its bytes", got)
	}
}

func TestFormOfCurl(t *testing.T) {
	if _, err := exec.LookPath("curl"); err != nil {
		t.Skip("curl is not installed: apt-get install curl")
	}
	file := filepath.Join(t.TempDir(), "me.txt")
	if err := os.WriteFile(file, []byte("hello"), 0o600); err != nil {
		t.Fatal(err)
	}
	sent := make(chan upload, 1)
	s := httptest.NewServer(validate.HandlerFunc(nil, func(_ http.ResponseWriter, _ *http.Request, in upload) error {
		sent <- in
		if contents(t, in.Avatar) != "hello" || len(in.Pages) != 2 {
			t.Errorf("curl's form = %+v, want three files", in)
		}
		return nil
	}))
	defer s.Close()
	for _, more := range [][]string{nil, {"-H", "Transfer-Encoding: chunked"}, {"-H", "Expect: 100-continue"}} {
		args := append([]string{"-sS", "--fail-with-body", "-F", "name=Ann", "-F", "agree=on", "-F", "avatar=@" + file, "-F", "pages=@" + file, "-F", "pages=@" + file, s.URL}, more...)
		if out, err := exec.Command("curl", args...).CombinedOutput(); err != nil {
			t.Fatalf("curl %v = %s, %v", more, out, err)
		}
		got := <-sent
		if got.Name != "Ann" || !got.Agree || got.Avatar.Filename != "me.txt" {
			t.Errorf("curl's form = %+v, want what was sent", got)
		}
	}
}
