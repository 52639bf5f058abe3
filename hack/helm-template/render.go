// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"sort"
	"strings"
	"text/template"

	"github.com/Masterminds/sprig"
	"sigs.k8s.io/yaml"
)

const maximumDepth = 1000

type release struct {
	Name, Namespace string
}

type capabilities struct {
	KubeVersion kubeVersion
	APIVersions apiVersions
}

type kubeVersion struct {
	Version, Major, Minor string
}

func (k kubeVersion) String() string { return k.Version }

func (k kubeVersion) GitVersion() string { return k.Version }

// Like gardenlet, this knows nothing of what the cluster serves.
type apiVersions []string

func (a apiVersions) Has(string) bool { return false }

// manifest is one object, and the template that it is from.
type manifest struct {
	chart, template, text string
}

// render answers all manifests in the order of the templates' names.
func (c *chart) render(r release, values map[string]interface{}) ([]manifest, error) {
	e := engine{root: template.New(c.name).Option("missingkey=zero"), basePath: c.name + "/templates"}
	e.root.Funcs(e.functions())
	names := make([]string, 0, len(c.templates))
	for name := range c.templates {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		if _, err := e.root.New(c.name + "/" + name).Parse(c.templates[name]); err != nil {
			return nil, err
		}
	}

	var manifests []manifest
	for _, name := range names {
		if base := path.Base(name); strings.HasPrefix(base, "_") || base == "NOTES.txt" {
			continue
		}
		text, err := e.execute(c.name+"/"+name, map[string]interface{}{
			"Values": values,
			"Chart":  c.view(),
			"Files":  c.files,
			"Release": map[string]interface{}{
				"Name": r.Name, "Namespace": r.Namespace, "Service": "Helm", "Revision": 1, "IsInstall": true, "IsUpgrade": false,
			},
			"Capabilities": capabilities{KubeVersion: kubeVersion{Version: "v1.34.0", Major: "1", Minor: "34"}},
			"Template":     map[string]interface{}{"Name": c.name + "/" + name, "BasePath": e.basePath},
		})
		if err != nil {
			return nil, err
		}
		for _, document := range strings.Split("\n"+text, "\n---") {
			document = strings.TrimSpace(document)
			var object map[string]interface{}
			if err := yaml.Unmarshal([]byte(document), &object); err != nil {
				return nil, fmt.Errorf("%s renders no YAML: %w\n%s", name, err, document)
			}
			if len(object) > 0 {
				manifests = append(manifests, manifest{chart: c.name, template: name, text: document})
			}
		}
	}
	return manifests, nil
}

type engine struct {
	root     *template.Template
	basePath string
	depth    int
}

func (e *engine) execute(name string, data interface{}) (string, error) {
	e.depth++
	defer func() { e.depth-- }()
	if e.depth > maximumDepth {
		return "", fmt.Errorf("%s includes itself without end", name)
	}
	var text strings.Builder
	if err := e.root.ExecuteTemplate(&text, name, data); err != nil {
		return "", err
	}
	// Values that are not there are empty, as in Helm.
	return strings.ReplaceAll(text.String(), "<no value>", ""), nil
}

// What Helm adds to the sprig functions, and what it takes away.
func (e *engine) functions() template.FuncMap {
	functions := sprig.TxtFuncMap()
	delete(functions, "env")
	delete(functions, "expandenv")
	functions["getHostByName"] = func(string) string { return "" }
	functions["include"] = e.execute
	functions["tpl"] = e.tpl
	functions["lookup"] = func(...string) map[string]interface{} { return map[string]interface{}{} }
	functions["required"] = required
	functions["toYaml"] = toYaml
	functions["fromYaml"] = func(text string) map[string]interface{} { return fromText(text, unmarshalYaml) }
	functions["fromYamlArray"] = func(text string) []interface{} { return fromTextArray(text, unmarshalYaml) }
	functions["toJson"] = toJson
	functions["fromJson"] = func(text string) map[string]interface{} { return fromText(text, unmarshalJson) }
	functions["fromJsonArray"] = func(text string) []interface{} { return fromTextArray(text, unmarshalJson) }
	return functions
}

func (e *engine) tpl(text string, data interface{}) (string, error) {
	name := fmt.Sprintf("%s/tpl-%d", e.basePath, e.depth)
	if _, err := e.root.New(name).Parse(text); err != nil {
		return "", err
	}
	return e.execute(name, data)
}

func required(message string, value interface{}) (interface{}, error) {
	if text, isText := value.(string); value == nil || (isText && text == "") {
		return nil, errors.New(message)
	}
	return value, nil
}

func toYaml(value interface{}) string {
	text, err := yaml.Marshal(value)
	if err != nil {
		return ""
	}
	return strings.TrimSuffix(string(text), "\n")
}

func toJson(value interface{}) string {
	text, err := json.Marshal(value)
	if err != nil {
		return ""
	}
	return string(text)
}

func unmarshalYaml(text []byte, into interface{}) error { return yaml.Unmarshal(text, into) }

func unmarshalJson(text []byte, into interface{}) error { return json.Unmarshal(text, into) }

// As in Helm, templates get to know an error as the value of "Error".
func fromText(text string, unmarshal func([]byte, interface{}) error) map[string]interface{} {
	value := map[string]interface{}{}
	if err := unmarshal([]byte(text), &value); err != nil {
		return map[string]interface{}{"Error": err.Error()}
	}
	return value
}

func fromTextArray(text string, unmarshal func([]byte, interface{}) error) []interface{} {
	value := []interface{}{}
	if err := unmarshal([]byte(text), &value); err != nil {
		return []interface{}{err.Error()}
	}
	return value
}
