package validate

import (
	"sync"
	"time"

	"github.com/go-playground/validator/v10"
)

// Config says how requests are read. Its zero value is usable. No limit can be
// switched off; a limit without a maximum below can be at most 1<<30.
type Config struct {
	MaxBody     int64         // bytes of a body; default 1 MiB, at most 2 GiB - 1
	MaxDepth    int           // nested containers; default 64, at most 10,000
	MaxElements int           // members or elements of one container; default 10,000
	MaxTokens   int           // values and names of one body; default 100,000
	MaxValue    int64         // bytes of memory of the decoded body; default 64 MiB, at most 1 TiB
	MaxErrors   int           // field errors of one request; default and at most 100
	MaxParams   int           // pairs of a query or a form; default 1,000
	ReadTimeout time.Duration // to read one body; default 0: the server's own read deadline
	MediaTypes  []string      // default application/json; "application/*+json" may be added
	TagName     string        // default "validate"; "binding" for structs that were written for gin

	AllowEmpty         bool // an empty body is the zero value, which is then validated
	AllowNoContentType bool // a body without Content-Type is read like one of MediaTypes
	AllowNullElements  bool // null may be a list element or a map value
	AllowOutsideTags   bool // rules that touch files or DNS may be used
	ReportUnknown      bool // an unknown member is a field error, instead of ignored
	RequiredByPresence bool // required on a number, boolean or time means "was sent", instead of "is not zero"

	Rules   map[string]Rule   // rules of your own, by name
	Aliases map[string]string // your own names for lists of rules
}

// A Rule is a rule of your own for the tags of a struct.
type Rule struct {
	// Check reports whether a value passes. It must be safe for concurrent use.
	// Below a map or a list of structs, Top of the [validator.FieldLevel] is the
	// element.
	Check validator.FuncCtx

	// Text is the sentence for a failure, see [problem.FieldError.Message]. Empty
	// means the style's sentence for a rule that it does not know.
	Text string
}

// A Validator decodes and validates requests. It is safe for concurrent use. A nil
// *Validator works as one that [New] has made from the zero [Config].
type Validator struct {
	cfg   Config
	plans sync.Map // reflect.Type to func() *plan
}
