// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"sigs.k8s.io/yaml"
)

// chart is what its folder holds. Paths are relative to it, with slashes.
type chart struct {
	metadata  map[string]interface{}
	name      string
	values    map[string]interface{}
	schema    []byte
	templates map[string]string
	files     files
}

func loadChart(folder string) (*chart, error) {
	c := &chart{metadata: map[string]interface{}{}, values: map[string]interface{}{}, templates: map[string]string{}, files: files{}}
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		relative, err := filepath.Rel(folder, path)
		if err != nil {
			return err
		}
		return c.add(filepath.ToSlash(relative), content)
	})
	if err != nil {
		return nil, err
	}
	c.name, _ = c.metadata["name"].(string)
	if c.name == "" {
		return nil, fmt.Errorf("%s is no chart: it has no Chart.yaml with a name", folder)
	}
	return c, nil
}

func (c *chart) add(path string, content []byte) error {
	switch {
	case path == "Chart.yaml":
		return parse(path, content, &c.metadata)
	case path == "values.yaml":
		return parse(path, content, &c.values)
	case path == "values.schema.json":
		c.schema = content
	case strings.HasPrefix(path, "templates/"):
		c.templates[path] = string(content)
	default:
		c.files[path] = content
	}
	return nil
}

func parse(path string, content []byte, into *map[string]interface{}) error {
	if err := yaml.Unmarshal(content, into); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

// Templates see the metadata with capital letters.
func (c *chart) view() map[string]interface{} {
	view := map[string]interface{}{}
	for name, value := range c.metadata {
		if name == "apiVersion" {
			view["APIVersion"] = value
		} else {
			view[strings.ToUpper(name[:1])+name[1:]] = value
		}
	}
	return view
}
