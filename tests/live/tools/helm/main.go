// helm answers what Helm 3 and Helm 4 make of values files and of the --set flags.
//
// On standard input a JSON list of cases, each {"name", "files": [text], "flags": [[flag, text]]};
// on standard output the same list, sorted, a case a line, with "helm3" and "helm4": {"error"} or
// {"seen"}, where "seen" is what a template of the chart finds under the keys that matter to
// leader/follower, over the chart's own defaults: replicas as its `int` takes them, switches as its
// `if` does. So its output is input for it, too. FOLDER in a case is one with the files true, three
// and secret.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"

	chart3 "helm.sh/helm/v3/pkg/chart"
	chartutil3 "helm.sh/helm/v3/pkg/chartutil"
	values3 "helm.sh/helm/v3/pkg/cli/values"
	engine3 "helm.sh/helm/v3/pkg/engine"
	getter3 "helm.sh/helm/v3/pkg/getter"

	common4 "helm.sh/helm/v4/pkg/chart/common"
	util4 "helm.sh/helm/v4/pkg/chart/common/util"
	chart4 "helm.sh/helm/v4/pkg/chart/v2"
	values4 "helm.sh/helm/v4/pkg/cli/values"
	engine4 "helm.sh/helm/v4/pkg/engine"
	getter4 "helm.sh/helm/v4/pkg/getter"
)

type input struct {
	Name  string      `json:"name"`
	Files []string    `json:"files,omitempty"`
	Flags [][2]string `json:"flags,omitempty"`
}

type answer struct {
	Error string          `json:"error,omitempty"`
	Seen  json.RawMessage `json:"seen,omitempty"`
}

type output struct {
	input
	Helm3 answer `json:"helm3"`
	Helm4 answer `json:"helm4"`
}

const template = `{"replicas":{{ .Values.kubecostDeployment.replicas | default 1 | int }},` +
	`"leaderFollower":{{ if .Values.kubecostDeployment.leaderFollower.enabled }}true{{ else }}false{{ end }},` +
	`"etl":{{ if .Values.kubecostModel.etl }}true{{ else }}false{{ end }},` +
	`"fileStore":{{ if .Values.kubecostModel.etlFileStoreEnabled }}true{{ else }}false{{ end }},` +
	`"secret":{{ .Values.kubecostModel.etlBucketConfigSecret | default "" | toString | toJson }}}`

func defaults() map[string]interface{} {
	return map[string]interface{}{
		"kubecostDeployment": map[string]interface{}{
			"replicas":       float64(1),
			"leaderFollower": map[string]interface{}{"enabled": false},
		},
		"kubecostModel": map[string]interface{}{
			"etl": true, "etlFileStoreEnabled": true,
		},
	}
}

// The options as both versions know them.
type options struct {
	files, sets, strings, jsons, fromFiles, literals []string
}

func collect(one input, folder string) options {
	var found options
	for index, text := range one.Files {
		path := filepath.Join(folder, fmt.Sprintf("values-%d.yaml", index))
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			panic(err)
		}
		found.files = append(found.files, path)
	}
	for _, flag := range one.Flags {
		text := strings.ReplaceAll(flag[1], "FOLDER", folder)
		switch flag[0] {
		case "--set":
			found.sets = append(found.sets, text)
		case "--set-string":
			found.strings = append(found.strings, text)
		case "--set-json":
			found.jsons = append(found.jsons, text)
		case "--set-file":
			found.fromFiles = append(found.fromFiles, text)
		case "--set-literal":
			found.literals = append(found.literals, text)
		default:
			panic("no such flag: " + flag[0])
		}
	}
	return found
}

func first(rendered map[string]string, err error) answer {
	if err != nil {
		return answer{Error: err.Error()}
	}
	for _, text := range rendered {
		return answer{Seen: json.RawMessage(text)}
	}
	return answer{Error: "nothing rendered"}
}

func helm3(given options) (found answer) {
	defer func() {
		if wrong := recover(); wrong != nil {
			found = answer{Error: fmt.Sprint(wrong)}
		}
	}()
	merged, err := (&values3.Options{ValueFiles: given.files, Values: given.sets,
		StringValues: given.strings, JSONValues: given.jsons, FileValues: given.fromFiles,
		LiteralValues: given.literals}).MergeValues(getter3.Providers{})
	if err != nil {
		return answer{Error: err.Error()}
	}
	chart := &chart3.Chart{Metadata: &chart3.Metadata{APIVersion: "v2", Name: "c", Version: "1.0.0"},
		Values:    defaults(),
		Templates: []*chart3.File{{Name: "templates/t.yaml", Data: []byte(template)}}}
	toRender, err := chartutil3.ToRenderValues(chart, merged, chartutil3.ReleaseOptions{Name: "r"}, nil)
	if err != nil {
		return answer{Error: err.Error()}
	}
	return first(engine3.Render(chart, toRender))
}

func helm4(given options) (found answer) {
	defer func() {
		if wrong := recover(); wrong != nil {
			found = answer{Error: fmt.Sprint(wrong)}
		}
	}()
	merged, err := (&values4.Options{ValueFiles: given.files, Values: given.sets,
		StringValues: given.strings, JSONValues: given.jsons, FileValues: given.fromFiles,
		LiteralValues: given.literals}).MergeValues(getter4.Providers{})
	if err != nil {
		return answer{Error: err.Error()}
	}
	chart := &chart4.Chart{Metadata: &chart4.Metadata{APIVersion: "v2", Name: "c", Version: "1.0.0"},
		Values:    defaults(),
		Templates: []*common4.File{{Name: "templates/t.yaml", Data: []byte(template)}}}
	toRender, err := util4.ToRenderValues(chart, merged, common4.ReleaseOptions{Name: "r"}, nil)
	if err != nil {
		return answer{Error: err.Error()}
	}
	return first(engine4.Render(chart, toRender))
}

func main() {
	var cases []input
	if err := json.NewDecoder(os.Stdin).Decode(&cases); err != nil {
		fmt.Fprintln(os.Stderr, "helm: the cases:", err)
		os.Exit(64)
	}
	var all []output
	for _, one := range cases {
		folder, err := os.MkdirTemp("", "leasehold-helm")
		if err != nil {
			panic(err)
		}
		for name, text := range map[string]string{"true": "true", "three": "3", "secret": "bucket"} {
			if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
				panic(err)
			}
		}
		given := collect(one, folder)
		made := output{input: one, Helm3: helm3(given), Helm4: helm4(given)}
		for _, answer := range []*answer{&made.Helm3, &made.Helm4} {
			text, _, _ := strings.Cut(strings.ReplaceAll(answer.Error, folder, "FOLDER"), "\n")
			answer.Error = text
		}
		all = append(all, made)
		os.RemoveAll(folder)
	}
	sort.SliceStable(all, func(a, b int) bool { return all[a].Name < all[b].Name })
	encoder := json.NewEncoder(os.Stdout)
	encoder.SetEscapeHTML(false)
	for index, one := range all {
		fmt.Print([]string{"[", ","}[min(index, 1)], "\n")
		if err := encoder.Encode(one); err != nil {
			panic(err)
		}
	}
	fmt.Println("]")
}
