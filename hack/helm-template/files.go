// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/base64"
	"path"
	"strings"

	"github.com/gobwas/glob"
)

// files are those of the chart that are neither templates nor values: what templates know as .Files.
type files map[string][]byte

func (f files) GetBytes(name string) []byte { return f[name] }

func (f files) Get(name string) string { return string(f[name]) }

func (f files) Lines(name string) []string {
	return strings.Split(strings.TrimSuffix(f.Get(name), "\n"), "\n")
}

func (f files) Glob(pattern string) (files, error) {
	matcher, err := glob.Compile(pattern, '/')
	if err != nil {
		return nil, err
	}
	matching := files{}
	for name, content := range f {
		if matcher.Match(name) {
			matching[name] = content
		}
	}
	return matching, nil
}

func (f files) AsConfig() string {
	return f.byBase(func(content []byte) string { return string(content) })
}

func (f files) AsSecrets() string {
	return f.byBase(base64.StdEncoding.EncodeToString)
}

func (f files) byBase(encode func([]byte) string) string {
	data := map[string]string{}
	for name, content := range f {
		data[path.Base(name)] = encode(content)
	}
	if len(data) == 0 {
		return ""
	}
	return toYaml(data)
}
