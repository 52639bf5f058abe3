// SPDX-License-Identifier: Apache-2.0

// helm-template renders a chart as "helm template" does, for machines without Helm: the same template engine (Go's text/template with
// the sprig functions), the same merge of values, the same check of values.schema.json. It knows no dependencies, hooks or clusters.
package main

import (
	"fmt"
	"os"
	"strings"
)

const usage = "usage: helm-template RELEASE CHART --namespace NAMESPACE [-f VALUES_FILE]..."

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "Error:", err)
		os.Exit(1)
	}
}

func run(arguments []string) error {
	var positional, valueFiles []string
	namespace := "default"
	for i := 0; i < len(arguments); i++ {
		switch argument := arguments[i]; {
		case argument == "-f" || argument == "--values" || argument == "--namespace" || argument == "-n":
			i++
			if i == len(arguments) {
				return fmt.Errorf("%s needs a value; %s", argument, usage)
			}
			if argument == "--namespace" || argument == "-n" {
				namespace = arguments[i]
			} else {
				valueFiles = append(valueFiles, arguments[i])
			}
		case strings.HasPrefix(argument, "-"):
			return fmt.Errorf("unknown flag %s; %s", argument, usage)
		default:
			positional = append(positional, argument)
		}
	}
	if len(positional) != 2 {
		return fmt.Errorf(usage)
	}

	chart, err := loadChart(positional[1])
	if err != nil {
		return err
	}
	values, err := mergeValues(chart, valueFiles)
	if err != nil {
		return err
	}
	if err := chart.validate(values); err != nil {
		return err
	}
	manifests, err := chart.render(release{Name: positional[0], Namespace: namespace}, values)
	if err != nil {
		return err
	}
	_, err = os.Stdout.WriteString(manifests)
	return err
}
