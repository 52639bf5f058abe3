// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/xeipuuv/gojsonschema"
)

// mergeValues lays the given files over the chart's own values; a later file wins, and null takes a default away.
func mergeValues(c *chart, paths []string) (map[string]interface{}, error) {
	given := map[string]interface{}{}
	for _, path := range paths {
		content, err := readValues(path)
		if err != nil {
			return nil, err
		}
		next := map[string]interface{}{}
		if err := parse(path, content, &next); err != nil {
			return nil, err
		}
		overlay(given, next)
	}
	merged := map[string]interface{}{}
	overlay(merged, c.values)
	overlay(merged, given)
	removeNulls(merged, c.values)
	return merged, nil
}

func readValues(path string) ([]byte, error) {
	if path == "-" {
		return io.ReadAll(os.Stdin)
	}
	return os.ReadFile(path)
}

func overlay(target, source map[string]interface{}) {
	for name, value := range source {
		inner, isObject := value.(map[string]interface{})
		if !isObject {
			target[name] = value
			continue
		}
		existing, hasObject := target[name].(map[string]interface{})
		if !hasObject {
			existing = map[string]interface{}{}
			target[name] = existing
		}
		overlay(existing, inner)
	}
}

// Only defaults go: a null that stands for nothing in values.yaml stays, as in Helm.
func removeNulls(values, defaults map[string]interface{}) {
	for name, base := range defaults {
		value, exists := values[name]
		if exists && value == nil {
			delete(values, name)
		}
		inner, isObject := value.(map[string]interface{})
		innerDefaults, hasObject := base.(map[string]interface{})
		if isObject && hasObject {
			removeNulls(inner, innerDefaults)
		}
	}
}

// validate checks the merged values against the chart's values.schema.json, if it has one.
func (c *chart) validate(values map[string]interface{}) error {
	if len(c.schema) == 0 {
		return nil
	}
	document, err := json.Marshal(values)
	if err != nil {
		return err
	}
	result, err := gojsonschema.Validate(gojsonschema.NewBytesLoader(c.schema), gojsonschema.NewBytesLoader(document))
	if err != nil {
		return fmt.Errorf("values.schema.json: %w", err)
	}
	if result.Valid() {
		return nil
	}
	var text strings.Builder
	text.WriteString("values don't meet the specifications of the schema(s) in the following chart(s):\n" + c.name + ":\n")
	for _, violation := range result.Errors() {
		fmt.Fprintf(&text, "- %s\n", violation)
	}
	return errors.New(text.String())
}
