package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// TestDockerfile: the last stage of the Dockerfile says of the image what ours says, word by word.
func TestDockerfile(t *testing.T) {
	a := given(t)
	base, config, copied := lastStage(t, map[string]string{"VERSION": testVersion, "REVISION": testRevision, "CREATED": "2026-09-21T14:13:20Z"})
	if base != "scratch" {
		t.Errorf("it stands on %q", base)
	}
	if len(copied) != 1 || copied[0] != "--from=build /rootfs/ /" {
		t.Errorf("it copies %q: the files are those of -rootfs, and no others", copied)
	}
	if want := a.config(); !reflect.DeepEqual(config, want) {
		t.Errorf("the Dockerfile says\n%+v\nmake image says\n%+v", config, want)
	}
}

// TestConfiguration: what was built says what it should.
func TestConfiguration(t *testing.T) {
	a := given(t)
	for _, arch := range a.arches {
		file, err := image(t, arch).ConfigFile()
		if err != nil {
			t.Fatal(err)
		}
		if file.OS != "linux" || file.Architecture != arch || !file.Created.Equal(a.created) || !reflect.DeepEqual(file.Config, a.config()) {
			t.Errorf("%s: %+v", arch, file)
		}
		if file.Config.Labels["org.opencontainers.image.created"] != "2026-09-21T14:13:20Z" {
			t.Errorf("%s: created %v", arch, file.Config.Labels)
		}
	}
}

var variable = regexp.MustCompile(`\$\{([A-Z_]+)\}`)

// lastStage reads the instructions that we use. Another one fails the test, which then has to learn it.
func lastStage(t *testing.T, args map[string]string) (base string, c v1.Config, copied []string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "Dockerfile"))
	if err != nil {
		t.Fatal(err)
	}
	declared := map[string]bool{}
	stages := strings.Split(string(text), "\nFROM ")
	for i, line := range strings.Split("FROM "+stages[len(stages)-1], "\n") {
		word, rest, _ := strings.Cut(line, " ")
		rest = variable.ReplaceAllStringFunc(rest, func(v string) string {
			name := variable.FindStringSubmatch(v)[1]
			if !declared[name] {
				t.Errorf("line %d: %s is not declared in this stage", i, name)
			}
			return args[name]
		})
		switch word {
		case "FROM":
			base = rest
		case "ARG":
			name, _, _ := strings.Cut(rest, "=")
			declared[name] = true
		case "LABEL":
			key, value, _ := strings.Cut(rest, "=")
			if c.Labels == nil {
				c.Labels = map[string]string{}
			}
			c.Labels[key] = strings.Trim(value, `"`)
		case "ENV":
			c.Env = append(c.Env, rest)
		case "COPY":
			copied = append(copied, rest)
		case "USER":
			c.User = rest
		case "WORKDIR":
			c.WorkingDir = rest
		case "EXPOSE":
			c.ExposedPorts = map[string]struct{}{}
			for _, port := range strings.Fields(rest) {
				c.ExposedPorts[port+"/tcp"] = struct{}{}
			}
		case "ENTRYPOINT":
			err = json.Unmarshal([]byte(rest), &c.Entrypoint)
		case "CMD":
			err = json.Unmarshal([]byte(rest), &c.Cmd)
		case "":
		default:
			t.Errorf("line %d: %s is unknown to this test", i, word)
		}
		if err != nil {
			t.Errorf("line %d: %v", i, err)
		}
	}
	return base, c, copied
}
