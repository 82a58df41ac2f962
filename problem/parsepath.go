package problem

import (
	"encoding/json"
	"net/url"
	"strconv"
	"strings"
)

// ParsePath parses a path that [FieldError.AppendPath] has printed. It is for
// [Style.Decode]. A text that is not in the syntax becomes a path of one name. The
// result prints as the same text. A map key of digits comes back as an index, because
// both are printed alike.
func ParsePath(text string, syntax PathSyntax) Path {
	var p Path
	ok := len(text) <= 4*maxPath // more than AppendPath ever prints
	switch {
	case !ok:
	case syntax == Pointer:
		p, ok = parsePointer(text)
	case syntax == Dots:
		p, ok = parseDots(text)
	default:
		p, ok = parseBrackets(text)
	}
	if !ok {
		return Path{text}
	}
	return p
}

// parsePointer reads a JSON Pointer in a URI fragment.
func parsePointer(text string) (Path, bool) {
	var p Path
	text, ok := strings.CutPrefix(text, "#")
	if !ok || text != "" && text[0] != '/' {
		return nil, false
	}
	for text != "" {
		var token string
		token, text = cutAtAny(text[1:], "/")
		token, err := url.PathUnescape(token)
		if err != nil {
			return nil, false
		}
		if n, ok := parseIndex(token); ok {
			p = append(p, n)
			continue
		}
		token = strings.ReplaceAll(token, "~1", "/")
		p = append(p, strings.ReplaceAll(token, "~0", "~"))
	}
	return p, true
}

func parseDots(text string) (Path, bool) {
	if text == "" {
		return nil, true
	}
	var p Path
	for name := range strings.SplitSeq(text, ".") {
		if n, ok := parseIndex(name); ok {
			p = append(p, n)
			continue
		}
		p = append(p, name)
	}
	return p, true
}

func parseBrackets(text string) (Path, bool) {
	var p Path
	for text != "" {
		if text[0] == '[' {
			segment, rest, ok := parseBracket(text[1:])
			if !ok {
				return nil, false
			}
			if key, isKey := segment.(Key); isKey && len(p) == 0 && !isBare(string(key)) {
				segment = string(key) // at the root it may as well be a name
			}
			p, text = append(p, segment), rest
			continue
		}
		if len(p) > 0 {
			if text[0] != '.' {
				return nil, false
			}
			text = text[1:]
		}
		var name string
		name, text = cutAtAny(text, ".[")
		if name == "" {
			return nil, false
		}
		p = append(p, name)
	}
	return p, true
}

// parseBracket reads an index, a key, or a key as a JSON string, up to the closing
// bracket.
func parseBracket(text string) (segment any, rest string, ok bool) {
	if !strings.HasPrefix(text, `"`) {
		inner, rest, ok := strings.Cut(text, "]")
		if n, isIndex := parseIndex(inner); isIndex {
			return n, rest, ok
		}
		return Key(inner), rest, ok && isBare(inner)
	}
	quoted, _ := strconv.QuotedPrefix(text) // or nothing
	var key string
	if err := json.Unmarshal([]byte(quoted), &key); err != nil {
		return nil, "", false
	}
	rest, ok = strings.CutPrefix(text[len(quoted):], "]")
	return Key(key), rest, ok
}

// parseIndex reads an index without a sign or leading zeros.
func parseIndex(text string) (int, bool) {
	n, _ := strconv.Atoi(text)
	return n, n >= 0 && strconv.Itoa(n) == text
}

// cutAtAny cuts a text before the first of the characters.
func cutAtAny(text, chars string) (before, rest string) {
	if i := strings.IndexAny(text, chars); i >= 0 {
		return text[:i], text[i:]
	}
	return text, ""
}
