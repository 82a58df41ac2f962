package backstop_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"path"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/backstop-go/backstop"

// floors is the picture of the house: a package imports only lower floors. Test
// helpers beside a package stand on its floor or higher.
var floors = map[string]int{
	"internal/exchange":       0,
	"internal/golden":         0,
	"internal/jsonappend":     0,
	"internal/jsonobject":     0,
	"internal/race":           0,
	"internal/serving":        0,
	"internal/strictjson":     0,
	"problem":                 1,
	"requestid":               1,
	"middleware":              2,
	"problem/authrim":         2,
	"problem/client":          2,
	"problem/enkryptify":      2,
	"problem/enpass":          2,
	"problem/entryguard":      2,
	"problem/problemtest":     2,
	"problem/scaivault":       2,
	"ratelimit":               2,
	"validate":                2,
	"internal/questions":      3,
	"internal/styles":         3,
	"problem/openapi":         3,
	"ratelimit/ratelimittest": 3,
	"ratelimit/redisstore":    3,
	"examples":                4, // its tests
	"examples/internal/demo":  4,
	"examples/stdlib":         5,
	".":                       4, // documentation

	"ratelimit/internal/bucket":                1,
	"ratelimit/redisstore/internal/redistest":  3,
	"ratelimit/redisstore/internal/clienttest": 4,
}

// thirdParty lists, for each package that has any, the modules it may import.
var thirdParty = map[string][]string{
	"problem/client": {"golang.org/x/time/rate"},
	"requestid":      {"github.com/google/uuid"},
	"middleware":     {"golang.org/x/time/rate"},
	"ratelimit":      {"golang.org/x/time/rate"},
	"validate":       {"github.com/go-playground/validator/v10"},
}

func TestPackagesImportOnlyLowerFloors(t *testing.T) {
	type pkg struct {
		ImportPath string
		Imports    []string
	}
	out, err := exec.Command("go", "list", "-json=ImportPath,Imports", "./...").Output()
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for dec := json.NewDecoder(bytes.NewReader(out)); ; seen++ {
		var p pkg
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		name := local(p.ImportPath)
		floor, ok := floors[name]
		if !ok {
			t.Errorf("package %s stands on no floor: give it one", name)
			continue
		}
		for _, imp := range p.Imports {
			switch {
			case imp == module || strings.HasPrefix(imp, module+"/"):
				if below, ok := floors[local(imp)]; ok && below >= floor {
					t.Errorf("%s (floor %d) imports %s (floor %d)", name, floor, local(imp), below)
				}
			case strings.Contains(strings.SplitN(imp, "/", 2)[0], "."):
				if !slices.Contains(thirdParty[name], imp) {
					t.Errorf("%s imports %s", name, imp)
				}
			}
		}
	}
	if seen < 5 {
		t.Errorf("go list named %d packages, so this test proves nothing", seen)
	}
}

func local(importPath string) string {
	return path.Clean("./" + strings.TrimPrefix(strings.TrimPrefix(importPath, module), "/"))
}

func TestRootModuleHasThreeDirectRequirements(t *testing.T) {
	out, err := exec.Command("go", "mod", "edit", "-json").Output()
	if err != nil {
		t.Fatal(err)
	}
	var mod struct {
		Require []struct {
			Path     string
			Indirect bool
		}
	}
	if err := json.Unmarshal(out, &mod); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range mod.Require {
		if !r.Indirect {
			got = append(got, r.Path)
		}
	}
	slices.Sort(got)
	want := []string{"github.com/go-playground/validator/v10", "github.com/google/uuid", "golang.org/x/time"}
	if !slices.Equal(got, want) {
		t.Errorf("go.mod requires %v, want exactly %v", got, want)
	}
}
