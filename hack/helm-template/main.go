// SPDX-License-Identifier: Apache-2.0

// helm-template renders a chart as "helm template" does, for machines without Helm: the same template engine (Go's text/template with
// the sprig functions), the same merge of values, the same check of values.schema.json. It knows no dependencies, hooks or clusters.
package main

import (
	"fmt"
	"os"
	"strings"
)

const usage = "usage: helm-template RELEASE CHART [--namespace NAMESPACE] [-f VALUES_FILE]... [-s TEMPLATE]..."

// What is asked for on the command line, with the names of Helm's flags.
type request struct {
	release    release
	chart      string
	valueFiles []string
	// showOnly names the templates to print; none means all.
	showOnly []string
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "Error:", err)
		os.Exit(1)
	}
}

func run(arguments []string) error {
	r, err := parseArguments(arguments)
	if err != nil {
		return err
	}
	chart, err := loadChart(r.chart)
	if err != nil {
		return err
	}
	values, err := mergeValues(chart, r.valueFiles)
	if err != nil {
		return err
	}
	if err := chart.validate(values); err != nil {
		return err
	}
	manifests, err := chart.render(r.release, values)
	if err != nil {
		return err
	}
	text, err := show(manifests, r.showOnly)
	if err != nil {
		return err
	}
	_, err = os.Stdout.WriteString(text)
	return err
}

func parseArguments(arguments []string) (*request, error) {
	r := &request{release: release{Namespace: "default"}}
	var positional []string
	for i := 0; i < len(arguments); i++ {
		flag := arguments[i]
		if !strings.HasPrefix(flag, "-") {
			positional = append(positional, flag)
			continue
		}
		i++
		if i == len(arguments) {
			return nil, fmt.Errorf("%s needs a value; %s", flag, usage)
		}
		switch value := arguments[i]; flag {
		case "-n", "--namespace":
			r.release.Namespace = value
		case "-f", "--values":
			r.valueFiles = append(r.valueFiles, value)
		case "-s", "--show-only":
			r.showOnly = append(r.showOnly, value)
		default:
			return nil, fmt.Errorf("unknown flag %s; %s", flag, usage)
		}
	}
	if len(positional) != 2 {
		return nil, fmt.Errorf(usage)
	}
	r.release.Name, r.chart = positional[0], positional[1]
	return r, nil
}

// show answers the manifests as one text, each with a comment that names its template.
func show(manifests []manifest, only []string) (string, error) {
	var text strings.Builder
	write := func(template string) bool {
		found := false
		for _, m := range manifests {
			if template == "" || m.template == template {
				fmt.Fprintf(&text, "---\n# Source: %s/%s\n%s\n", m.chart, m.template, m.text)
				found = true
			}
		}
		return found
	}
	if len(only) == 0 {
		write("")
	}
	for _, template := range only {
		if !write(template) {
			return "", fmt.Errorf("could not find template %s in chart", template)
		}
	}
	return text.String(), nil
}
