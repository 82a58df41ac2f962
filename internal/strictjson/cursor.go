package strictjson

import "bytes"

// A Cursor is a position in a document that a [Scanner] has accepted. To read a
// container, call [Cursor.Open], which returns the number of its members or elements.
// For each of them read the name (of a member) and the value, and call [Cursor.Next]:
//
//	for range c.Open() {
//		name := c.Name()
//		value := c.Raw()
//		c.Next()
//	}
type Cursor struct {
	data  []byte
	pos   int
	sizes []int32 // of the containers ahead that are not empty
}

// Peek returns the first byte of the next value.
func (c *Cursor) Peek() byte { return c.data[c.pos] }

func (c *Cursor) space() { c.pos = afterSpace(c.data, c.pos) }

// Open reads the opening bracket of a container, and the closing one if it is empty.
func (c *Cursor) Open() (size int) {
	c.pos++
	c.space()
	if b := c.data[c.pos]; b == ']' || b == '}' {
		c.pos++
		return 0
	}
	size = int(c.sizes[0])
	c.sizes = c.sizes[1:]
	return size
}

// Next reads the comma or the closing bracket behind a member or an element.
func (c *Cursor) Next() {
	c.space()
	c.pos++
	c.space()
}

// Name reads a name and the colon. The result may be a piece of the document.
func (c *Cursor) Name() []byte {
	name := c.Text()
	c.Next()
	return name
}

// Text reads a string. The result may be a piece of the document.
func (c *Cursor) Text() []byte {
	start := c.pos + 1
	c.pos = c.afterString(c.pos)
	text := c.data[start : c.pos-1]
	if bytes.IndexByte(text, '\\') >= 0 {
		return appendUnescaped(make([]byte, 0, len(text)), text)
	}
	return text[:len(text):len(text)]
}

// Raw reads a value and returns its bytes.
func (c *Cursor) Raw() []byte {
	start := c.pos
	for depth := 0; ; {
		switch c.data[c.pos] {
		case '"':
			c.pos = c.afterString(c.pos)
		case '{', '[':
			if c.Open() > 0 {
				depth++
			}
		case '}', ']':
			depth--
			c.pos++
		default: // a scalar, or white space, a comma or a colon
			for c.pos++; c.pos < len(c.data) && !ends(c.data[c.pos]); c.pos++ {
			}
		}
		if depth == 0 {
			return c.data[start:c.pos:c.pos]
		}
	}
}

// afterString returns the end of the string that begins at i.
func (c *Cursor) afterString(i int) int {
	for i++; ; i++ {
		i += bytes.IndexByte(c.data[i:], '"')
		backslashes := 0
		for c.data[i-1-backslashes] == '\\' {
			backslashes++
		}
		if backslashes%2 == 0 {
			return i + 1
		}
	}
}

// ends reports whether c ends a number, true, false or null: white space, a comma, a
// quote or a bracket. A bracket and a brace differ in one bit.
func ends(c byte) bool { return c <= ' ' || c == ',' || c == '"' || c|' ' == '{' || c|' ' == '}' }

// Unquote returns the text of a JSON string literal, quotes included. ok says whether
// literal is one, and nothing else.
func Unquote(literal []byte) (text string, ok bool) {
	s := Scanner{data: literal}
	if s.peek() != '"' {
		return "", false
	}
	if _, err := s.str(); err != nil || s.pos < len(literal) {
		return "", false
	}
	c := Cursor{data: literal}
	return string(c.Text()), true
}
