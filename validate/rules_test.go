package validate_test

import (
	"encoding/json"
	"fmt"
	"io"
	"math/big"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"github.com/backstop-go/backstop/validate"
)

// TestRules shows which rules run, and which of their failures are reported.
func TestRules(t *testing.T) {
	type inner struct {
		A string            `json:"a" validate:"required"`
		M map[string]string `json:"m" validate:"dive,max=1"`
	}
	type needy struct {
		Inner inner `json:"inner" validate:"required"`
	}
	type optional struct {
		Maybe needy `json:"maybe" validate:"omitempty"`
	}
	type walled struct {
		Only inner `json:"only" validate:"structonly"`
		None inner `json:"none" validate:"nostructlevel"`
	}
	type pointed struct {
		Inner *inner `json:"inner" validate:"required"`
	}
	type distinct struct {
		Items []item   `json:"items" validate:"unique=Name"`
		Names []string `json:"names" validate:"unique"`
	}
	type dependent struct {
		Kind  string `json:"kind"`
		Count int    `json:"count"`
		Name  string `json:"name" validate:"required_if=Kind a"`
		More  string `json:"more" validate:"required_with=Count"`
		Limit int    `json:"limit" validate:"gtefield=Count"`
	}
	type nested struct {
		Lists []map[string][]item `json:"lists" validate:"max=2,dive,max=2,dive,keys,max=3,endkeys,max=2,dive"`
	}
	type deep struct {
		Needs []needy          `json:"needs" validate:"dive"`
		Map   map[string]needy `json:"map" validate:"dive,required"`
	}
	type dashed struct {
		A      needy            `json:"a" validate:"-"`
		B      *needy           `json:"b" validate:"-"`
		C      []needy          `json:"c" validate:"-"`
		D      map[string]needy `json:"d" validate:"-"`
		E      []needy          `json:"e"`
		Dashed `validate:"-"`
	}
	type closed struct {
		Addr   netip.Addr              `json:"addr" validate:"required"`
		Money  money                   `json:"money"`
		More   []*money                `json:"more" validate:"dive"`
		Needed []money                 `json:"needed" validate:"dive,required"`
		ByAddr map[netip.Addr]*big.Int `json:"byAddr" validate:"dive,keys,required,endkeys,required"`
	}
	std := validate.Config{}
	for _, tt := range []struct {
		name string
		run  func(string) error
		body string
		want string
	}{
		{"a required struct in an absent one", run[struct {
			Outer needy `json:"outer"`
		}](t, std), `{}`, "V(outer.inner required)"},
		{"a required struct in an optional, absent one", run[optional](t, std), `{}`, "ok"},
		{"a required struct in an optional one", run[optional](t, std), `{"maybe":{}}`, "ok"},
		{"below structonly and nostructlevel", run[walled](t, std), `{"only":{"m":{"k":"long"}},"none":{"m":{"k":"long"}}}`, "ok"},
		{"a required pointer, absent", run[pointed](t, std), `{}`, "V(inner required)"},
		{"a required pointer, null", run[pointed](t, std), `{"inner":null}`, "V(inner required)"},
		{"a required pointer, empty", run[pointed](t, std), `{"inner":{}}`, "V(inner.a required)"},
		{"unique", run[distinct](t, std), `{"items":[{"name":"a"},{"name":"a"}],"names":["a","a"]}`, "V(items unique, names unique)"},
		{"unique beside an element that did not decode", run[distinct](t, std), `{"items":[{"name":"a"},{"name":"a"},{"name":1}],"names":["a","a",1]}`, "V(items[2].name type, names[2] type)"},
		{"rules about other fields", run[dependent](t, std), `{"kind":"a","count":2,"limit":1}`, "V(name required_if, more required_with, limit gtefield)"},
		{"rules about other fields that did not decode", run[dependent](t, std), `{"kind":1,"count":"2","limit":-1}`, "V(kind type, count type)"},
		{"a map that is too long", run[user](t, std), request(`"meta":{"` + times(40, "k") + `":""` + strings.ReplaceAll(unknown(20), ":1", `:""`) + "}"), "V(meta max)"},
		{"maps in lists", run[nested](t, std), `{"lists":[{"a":[{"name":"x","qty":1}]},{"long":[{"name":"","qty":1}],"b":[{},{},{}]}]}`, "V(lists[1][b] max, key lists[1][long] max, lists[1][long][0].name required)"},
		{"a list of maps that is too long", run[nested](t, std), `{"lists":[{"long":[]},{},{}]}`, "V(lists max)"},
		{"required structs in lists and maps", run[deep](t, std), `{"needs":[{},{"inner":{}}],"map":{"a":{},"b":{"inner":{"a":"x","m":{"k":"long"}}}}}`, "V(needs[0].inner required, needs[1].inner.a required, map[a].inner required, map[b].inner.m[k] max)"},
		{"below a dash", run[dashed](t, std), `{"a":{"inner":{"m":{"k":"long"}}},"b":{},"c":[{}],"d":{"k":{}},"e":[{}],"text":""}`, "ok"},
		{"below a dash, absent", run[dashed](t, std), `{}`, "ok"},
		{"below structonly, required", run[struct {
			A needy `json:"a" validate:"structonly"`
		}](t, std), `{"a":{}}`, "ok"},
		{"embedded with a dash and without", run[struct {
			Text    string `json:"text2" validate:"required"`
			Other   Dashed `json:"other"`
			*Dashed `validate:"-"`
		}](t, std), `{}`, "V(text2 required, other.inner required, other.text required)"},
		{"structs that decode themselves", run[closed](t, std), `{"addr":"::1","money":{},"more":[{}],"needed":[1],"byAddr":{"::1":1}}`, "ok"},
		{"structs that decode themselves, zero", run[closed](t, std), `{"addr":"","needed":[{}],"byAddr":{"":1,"::1":0}}`, "V(addr required, needed[0] required, key byAddr[\"\"] required)"},
	} {
		if got := outcome(tt.run(tt.body)); got != tt.want {
			t.Errorf("%s: Decode(%s) = %s, want %s", tt.name, tt.body, got, tt.want)
		}
	}
	v := (*validate.Validator)(nil)
	if err := v.Validate(t.Context(), dashed{C: []needy{{}}, D: map[string]needy{"k": {}}, E: []needy{{}}}); err != nil {
		t.Errorf("Validate below a dash = %s, want ok", outcome(err))
	}
	for _, x := range []any{deep{Needs: []needy{{}}}, deep{Map: map[string]needy{"a": {}}}} {
		if err := v.Validate(t.Context(), x); err == nil || !strings.Contains(outcome(err), "inner required") {
			t.Errorf("Validate(%+v) = %s, want inner required", x, outcome(err))
		}
	}
}

// The scan has 63 bits for members whose absence matters. If a type has more of them, every body
// is walked.
func TestManyMembersWhosePresenceIsRequired(t *testing.T) {
	type many struct {
		A0, A1, A2, A3, A4, A5, A6, A7, A8, A9, A10, A11, A12, A13, A14, A15, A16, A17, A18, A19, A20, A21, A22, A23, A24, A25, A26, A27, A28, A29, A30, A31, A32, A33, A34, A35, A36, A37, A38, A39, A40, A41, A42, A43, A44, A45, A46, A47, A48, A49, A50, A51, A52, A53, A54, A55, A56, A57, A58, A59, A60, A61, A62, A63, A64, A65, A66, A67, A68, A69 bool `validate:"required"`
	}
	var all []string
	for i := range 70 {
		all = append(all, fmt.Sprintf(`"A%d":false`, i))
	}
	decode := run[many](t, validate.Config{RequiredByPresence: true})
	for n, want := range map[int]string{70: "ok", 69: "V(A69 required)", 68: "V(A68 required, A69 required)"} {
		if got := outcome(decode("{" + strings.Join(all[:n], ",") + "}")); got != want {
			t.Errorf("Decode of %d of 70 required members = %s, want %s", n, got, want)
		}
	}
	if got := fields(t, decode("{}")); len(got) != 70 {
		t.Errorf("Decode of none of 70 required members reports %d, want all", len(got))
	}
}

// Dashed is embedded with and without its rules.
type Dashed struct {
	Inner struct{} `json:"inner" validate:"required"`
	Text  string   `json:"text" validate:"required"`
}

// money decodes itself. The rules of the struct in it do not run.
type money struct{ Item item }

func (m *money) UnmarshalJSON(data []byte) error {
	if string(data) == "1" {
		m.Item.Name = "one"
	}
	return nil
}

func TestDecodeOfABadTypeIsInternal(t *testing.T) {
	type typo struct {
		Email string `validate:"requird"`
	}
	if _, err := validate.Decode[typo](nil, nil, post("{}")); outcome(err) != "internal" || !strings.Contains(err.Error(), "requird") {
		t.Errorf("Decode of a type with a typo = %v, want an internal error that names it", err)
	}
	if err := (*validate.Validator)(nil).Validate(t.Context(), typo{}); outcome(err) != "internal" {
		t.Errorf("Validate of a type with a typo = %v, want an internal error", err)
	}
}

// Failures that are not reported do not count towards MaxErrors.
func TestBlockedFailuresAreNotCounted(t *testing.T) {
	decode := run[struct {
		Inner struct {
			A, B, C, D string `validate:"required"`
		} `json:"inner"`
		Last string `json:"last" validate:"required"`
	}](t, validate.Config{MaxErrors: 3})
	if got := outcome(decode(`{"inner":1}`)); got != "V(inner type, last required)" {
		t.Errorf("Decode with an inner struct of a wrong type = %s, want V(inner type, last required)", got)
	}
}

// Maps have no order, but their failures are reported in order.
func TestFailuresInMapsAreCutInOrder(t *testing.T) {
	type four struct {
		A, B, C, D string `validate:"required"`
	}
	body := `{"k":{}` + strings.ReplaceAll(unknown(2000), ":1", ":{}") + "}"
	decode := run[map[string]four](t, validate.Config{MaxErrors: 3})
	for range 10 {
		if got := outcome(decode(body)); got != "V([k].A required, [k].B required, [k].C required)" {
			t.Fatalf("Decode of 2,001 bad entries = %s, want the first three failures of k", got)
		}
	}
}

func TestTagName(t *testing.T) {
	type bound struct {
		Name string            `json:"name" binding:"required" validate:"max=1"`
		Map  map[string]string `json:"map" binding:"dive,max=1"`
	}
	binding := validate.Config{TagName: "binding"}
	if got := outcome(run[bound](t, binding)(`{"map":{"k":"long"}}`)); got != "V(name required, map[k] max)" {
		t.Errorf("Decode by the binding tag = %s, want V(name required, map[k] max)", got)
	}
	if got := outcome(run[[]bound](t, binding)(`[{"name":"long"},{}]`)); got != "V([1].name required)" {
		t.Errorf("Decode of a list by the binding tag = %s, want V([1].name required)", got)
	}
}

func TestOutsideTagsAreRunOnDemand(t *testing.T) {
	type here struct {
		Dir string `json:"dir" validate:"dir"`
	}
	allowed := run[here](t, validate.Config{AllowOutsideTags: true})
	if err := allowed(`{"dir":"."}`); err != nil {
		t.Errorf("Decode of a directory that exists = %s, want ok", outcome(err))
	}
	if err := allowed(`{"dir":"./nowhere"}`); outcome(err) != "V(dir dir)" {
		t.Errorf("Decode of a directory that does not exist = %s, want V(dir dir)", outcome(err))
	}
}

// keeper is an unmarshaler that keeps the bytes it is given, which an unmarshaler must not do.
type keeper struct{ data []byte }

func (k *keeper) UnmarshalJSON(data []byte) error {
	k.data = data
	return nil
}

// keeperKey does the same as the key of a map.
type keeperKey struct{ data *[]byte }

func (k *keeperKey) UnmarshalText(text []byte) error {
	k.data = &text
	return nil
}

func TestBuffersAreNotSharedWithUnmarshalers(t *testing.T) {
	type kept struct {
		K keeper `json:"k"`
	}
	var all []kept
	var keys []map[keeperKey]int
	for range 20 {
		in, err := validate.Decode[kept](nil, nil, post(`{"k":"kept for ever"}`))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, in)
		byKey, err := validate.Decode[map[keeperKey]int](nil, nil, post(`{"kept for ever":1}`))
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, byKey)
		if _, err := validate.Decode[json.RawMessage](nil, nil, post(`[1,2,3,4,5,6,7,8,9,0]`)); err != nil {
			t.Fatal(err)
		}
	}
	for i, in := range all {
		if string(in.K.data) != `"kept for ever"` {
			t.Errorf("the bytes that unmarshaler %d keeps have become %q, want no change", i, in.K.data)
		}
		for k := range keys[i] {
			if string(*k.data) != "kept for ever" {
				t.Errorf("the bytes that key %d keeps have become %q, want no change", i, *k.data)
			}
		}
	}
}

// The buffer for a body does not have the size that Content-Length says, and the buffer of a large
// body is not kept for small ones.
func TestBuffersAreSmall(t *testing.T) {
	read := func(body string, length int64) [][]byte {
		s := &spy{Reader: *strings.NewReader(body)}
		r := post("")
		r.Body, r.ContentLength = io.NopCloser(s), length
		_, err := validate.Decode[[]string](nil, nil, r)
		if outcome(err) != "ok" {
			t.Fatalf("Decode of %d bytes = %s, want ok", len(body), outcome(err))
		}
		return s.into
	}
	const most = 64 << 10
	if into := read("[]", 1<<20); len(into[0]) > most {
		t.Errorf("a Content-Length of 1 MiB gets a first buffer of %d bytes, want at most %d", len(into[0]), most)
	}
	for range 10 {
		read(`["`+times(300<<10, "x")+`"]`, -1)
		if into := read("[]", -1); len(into[0]) > most {
			t.Errorf("the body after a large one gets a buffer of %d bytes, want at most %d", len(into[0]), most)
		}
	}
}

func TestNamesAreWiped(t *testing.T) {
	for range 10 {
		for _, name := range []string{`s\u0033cr3t`, `s3cr3t`} {
			validate.Walk[struct{ Password string }](nil, []byte(`{"`+name+`":1}`))
			if left := validate.WalkLeftovers(); strings.Contains(strings.ToLower(string(left)), "cr3t") {
				t.Fatalf("the pool still holds the name %q, want it wiped", left)
			}
		}
	}
}

// spy records the buffer that a body was read into.
type spy struct {
	strings.Reader
	into [][]byte
}

func (s *spy) Read(p []byte) (int, error) {
	s.into = append(s.into, p)
	return s.Reader.Read(p)
}

func TestBuffersAreWiped(t *testing.T) {
	v, err := validate.New(validate.Config{MaxBody: 6000})
	if err != nil {
		t.Fatal(err)
	}
	for body, want := range map[string]string{
		request("{<OK>}"): "ok",
		request(`"extra":"` + times(5000, "x") + `"`): "ok",
		request(`"age":"x"`):                          "V(age type)",
		`"` + times(6001, "x"):                        "payload_too_large",
		times(6001, "x"):                              "IR",
	} {
		s := &spy{Reader: *strings.NewReader(body)}
		r := post("")
		r.Body, r.ContentLength = io.NopCloser(s), -1
		if _, err := validate.Decode[user](v, httptest.NewRecorder(), r); outcome(err) != want {
			t.Fatalf("Decode(%.40s) = %s, want %s", body, outcome(err), want)
		}
		for _, p := range s.into {
			if strings.Trim(string(p), "\x00") != "" {
				t.Errorf("the buffer still holds %.40q after a body of %d bytes", p, len(body))
			}
		}
	}
}
