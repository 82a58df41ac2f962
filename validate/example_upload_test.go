package validate_test

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/backstop-go/backstop/problem"
	"github.com/backstop-go/backstop/validate"
)

// PhotoForm is a form with a file.
type PhotoForm struct {
	Title string                `form:"title" validate:"required,max=80"`
	Photo *multipart.FileHeader `form:"photo" validate:"required"`
}

// store stands for the handler of an upload. The client has chosen the name of the
// file, so it must not be used as a path.
func store(w http.ResponseWriter, _ *http.Request, in PhotoForm) error {
	file, err := in.Photo.Open()
	if err != nil {
		return fmt.Errorf("open photo: %w", err)
	}
	defer file.Close()
	n, err := io.Copy(io.Discard, file)
	if err != nil {
		return fmt.Errorf("store photo: %w", err)
	}
	_, err = fmt.Fprintf(w, "%s: %d bytes", in.Title, n)
	return err
}

// The validator of an upload has a MaxBody of its own, because a file is larger than
// the bodies of the other routes.
func ExampleHandlerFunc_upload() {
	forms, err := validate.New(validate.Config{MaxBody: 64 << 10})
	if err != nil {
		fmt.Println(err)
		return
	}
	errs := problem.New(problem.Config{Logger: slog.New(slog.DiscardHandler)})
	app := errs.Handler(validate.HandlerFunc(forms, store))

	send := func(contentType string, body io.Reader) {
		r := httptest.NewRequest("POST", "/photos", body)
		r.Header.Set("Content-Type", contentType)
		w := httptest.NewRecorder()
		app.ServeHTTP(w, r)
		_, text, refused := strings.Cut(w.Body.String(), `"detail":`)
		if !refused {
			text = w.Body.String()
		}
		fmt.Println(w.Code, text)
	}
	send(photo("A cat", 1000))
	send(photo("A cat", 100_000)) // more than MaxBody
	send(photo("", 0))            // neither title nor photo
	send("text/plain", strings.NewReader("no form"))
	// Output:
	// 200 A cat: 1000 bytes
	// 413 "Request body too large","code":"payload_too_large"}
	// 422 "Validation failed","code":"validation","errors":[{"detail":"must not be empty","pointer":"#/title"},{"detail":"is required","pointer":"#/photo"}]}
	// 415 "Content-Type must be application/x-www-form-urlencoded or multipart/form-data","code":"unsupported_media_type"}
}

// photo returns a form with a photo of that size, or without a photo if size is 0.
func photo(title string, size int) (contentType string, body io.Reader) {
	var b bytes.Buffer
	form := multipart.NewWriter(&b)
	form.WriteField("title", title)
	if size > 0 {
		part, err := form.CreateFormFile("photo", "cat.png")
		if err != nil {
			panic(err)
		}
		part.Write(make([]byte, size))
	}
	form.Close()
	return form.FormDataContentType(), &b
}
