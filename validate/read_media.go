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
// multipart body. A compressed body is refused: a kilobyte may expand to a gigabyte.
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
		return "", nil // the usual case
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

// mediaTypes returns the media types that a body of p may have.
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

// mediaType parses the lines of a Content-Type. It returns "" for several lines, and
// for a line that is too long or malformed.
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

// matches reports whether a media type is one of wanted. A star in wanted stands for at
// least one character.
func matches(wanted []string, media string) bool {
	return slices.ContainsFunc(wanted, func(t string) bool {
		ok, _ := path.Match(strings.ReplaceAll(t, "*", "?*"), media)
		return ok
	})
}

// charsetText returns the text for an unsupported charset. It names the charset only if
// that looks like one: anything else would echo the client.
func charsetText(charset string) string {
	const signs = "abcdefghijklmnopqrstuvwxyz0123456789-_.:+"
	if strings.Trim(strings.ToLower(charset), signs) != "" || charset == "" || len(charset) > 40 {
		return "The charset is not supported: it must be utf-8"
	}
	return "The charset " + charset + " is not supported: it must be utf-8"
}

// isForm reports whether gin would read a form from a request, and not JSON. It does
// so for a request without a body, whose query is the form.
func isForm(r *http.Request) bool {
	media, _ := mediaType(r.Header["Content-Type"])
	return inQuery(r) || media == formType || media == multipartType
}

// inQuery reports whether gin takes the query of r for a form.
func inQuery(r *http.Request) bool {
	return r.Method == http.MethodGet || r.Method == http.MethodHead || r.Method == http.MethodDelete && isBodyless(r)
}

// formsInQuery reports whether the form fields of p are in the query of r.
func (p *plan) formsInQuery(r *http.Request) bool { return p.form && p.gin && inQuery(r) }

// reads reports whether p needs the body of r.
func (p *plan) reads(r *http.Request) bool { return p.body != nil || p.form && !p.formsInQuery(r) }

// of returns the plan for r: p, or p.forms for a form.
func (p *plan) of(r *http.Request) *plan {
	if p.forms != nil && isForm(r) {
		return p.forms
	}
	return p
}
