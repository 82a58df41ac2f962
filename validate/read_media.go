package validate

import (
	"fmt"
	"mime"
	"net/http"
	"path"
	"slices"
	"strings"

	"github.com/backstop-go/backstop/problem"
)

// maxContentType bounds the media type with its parameters: package mime takes
// quadratic time for some long ones.
const maxContentType = 1 << 10

// checkHeaders checks media type, coding and length, and returns the boundary of a
// multipart body. Nothing is ever decompressed: a body of a kilobyte may hold a
// gigabyte.
func (v *Validator) checkHeaders(p *plan, w http.ResponseWriter, r *http.Request) (boundary string, err error) {
	boundary, err = v.checkType(p, w, r.Header["Content-Type"])
	if err != nil {
		return "", err
	}
	for _, coding := range r.Header["Content-Encoding"] {
		if coding = strings.TrimSpace(coding); coding != "" && !strings.EqualFold(coding, "identity") {
			setHeader(w, "Accept-Encoding", "identity")
			return "", problem.UnsupportedMediaType.New("Content-Encoding is not supported")
		}
	}
	if r.ContentLength > v.cfg.MaxBody {
		err := fmt.Errorf("validate: Content-Length of %d, at most %d are read", r.ContentLength, v.cfg.MaxBody)
		return "", problem.PayloadTooLarge.Wrap(err, "")
	}
	return boundary, nil
}

func (v *Validator) checkType(p *plan, w http.ResponseWriter, lines []string) (boundary string, err error) {
	wanted := p.mediaTypes(v)
	switch {
	case len(lines) == 0 && v.cfg.AllowNoContentType:
		return "", nil
	case len(lines) == 1 && lines[0] == wanted[0]:
		return "", nil // what nearly every request sends
	}
	media, params := mediaType(lines)
	boundary, parts := params["boundary"]
	charset, named := params["charset"]
	text := ""
	switch {
	case !matches(wanted, media) || media == multipartType && !parts:
		text = "Content-Type must be " + strings.Join(wanted, " or ")
	case named && !strings.EqualFold(charset, "utf-8") && !strings.EqualFold(charset, "utf8"):
		text = charsetText(charset)
	case media == multipartType:
		return boundary, nil
	default:
		return "", nil
	}
	setHeader(w, "Accept", strings.Join(wanted, ", "))
	return "", problem.UnsupportedMediaType.New(text)
}

// mediaTypes returns what a body of p may be.
func (p *plan) mediaTypes(v *Validator) []string {
	types := v.cfg.MediaTypes
	if p.form {
		types = []string{formType, multipartType}
	}
	if p.forms != nil {
		types = append(types[:len(types):len(types)], formType, multipartType)
	}
	return types
}

// mediaType reads the lines of a Content-Type. There is none in several lines,
// nor in one that package mime cannot read or should not.
func mediaType(lines []string) (media string, params map[string]string) {
	if len(lines) != 1 || len(lines[0]) > maxContentType {
		return "", nil
	}
	media, params, err := mime.ParseMediaType(lines[0])
	if err != nil || strings.Count(strings.ToLower(lines[0]), "charset") > 1 {
		return "", nil
	}
	return media, params
}

// matches reports whether a media type is one of wanted, in which a star stands
// for at least one sign.
func matches(wanted []string, media string) bool {
	return slices.ContainsFunc(wanted, func(t string) bool {
		ok, _ := path.Match(strings.ReplaceAll(t, "*", "?*"), media)
		return ok
	})
}

// charsetText names a charset, unless it is none, but anything that a client
// would like to see again.
func charsetText(charset string) string {
	const signs = "abcdefghijklmnopqrstuvwxyz0123456789-_.:+"
	if strings.Trim(strings.ToLower(charset), signs) != "" || charset == "" || len(charset) > 40 {
		return "The charset is not supported: it must be utf-8"
	}
	return "The charset " + charset + " is not supported: it must be utf-8"
}

// isForm reports whether a request to a T of gin has a form, and not JSON. gin
// looks into the query where there is no body.
func isForm(r *http.Request) bool {
	media, _ := mediaType(r.Header["Content-Type"])
	return inQuery(r) || media == formType || media == multipartType
}

// inQuery reports whether gin takes the query of r for a form.
func inQuery(r *http.Request) bool {
	return r.Method == http.MethodGet || r.Method == http.MethodHead || r.Method == http.MethodDelete && isBodyless(r)
}

// formsInQuery reports whether r has the form fields of p in its query.
func (p *plan) formsInQuery(r *http.Request) bool { return p.form && p.gin && inQuery(r) }

// reads reports whether p has a use for the body of r.
func (p *plan) reads(r *http.Request) bool { return p.body != nil || p.form && !p.formsInQuery(r) }

// of returns the plan for r: T's own, or that for forms.
func (p *plan) of(r *http.Request) *plan {
	if p.forms != nil && isForm(r) {
		return p.forms
	}
	return p
}
