{{- /* SPDX-License-Identifier: Apache-2.0 */ -}}

{{- define "name" -}}
gardener-extension-runtime-gvisor
{{- end -}}

{{- /* A Deployment's selector can never change, and an existing installation keeps its Deployment: these stay as they are. */ -}}
{{- define "labels" -}}
app.kubernetes.io/name: {{ include "name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "repository" -}}
{{ required "image.repository: must be set to the repository of the controller's image, for example registry.example.com/extensions/runtime-gvisor" .Values.image.repository }}
{{- end -}}

{{- define "image" -}}
{{- $tag := .Values.image.tag | default (printf "v%s" .Chart.AppVersion) -}}
{{ include "repository" . }}{{ ternary "@" ":" (hasPrefix "sha256:" $tag) }}{{ $tag }}
{{- end -}}

{{- /* While a self-hosted shoot is set up, pods share the network of the node, and gardenlet says which ports are free. */ -}}
{{- define "metricsPort" -}}
{{ if .Values.usablePorts }}{{ index .Values.usablePorts 0 }}{{ else }}{{ .Values.metrics.port }}{{ end }}
{{- end -}}

{{- define "healthPort" -}}
{{ if .Values.usablePorts }}{{ index .Values.usablePorts 2 }}{{ else }}{{ .Values.health.port }}{{ end }}
{{- end -}}

{{- /* The node installer comes from beside the controller unless somebody says otherwise. Its tag is the controller's version. */ -}}
{{- define "imageVector" -}}
{{- if and (kindIs "string" .Values.imageVectorOverwrite) .Values.imageVectorOverwrite -}}
{{ .Values.imageVectorOverwrite | trim }}
{{- else -}}
{{- $vector := .Values.imageVectorOverwrite | default dict -}}
{{- $images := $vector.images | default list -}}
{{- $isNamed := false -}}
{{- range $images }}{{ if and (eq .name "runtime-gvisor-installation") (not .architectures) }}{{ $isNamed = true }}{{ end }}{{ end -}}
{{- if not $isNamed -}}
{{- $images = append $images (dict "name" "runtime-gvisor-installation" "repository" (printf "%s-installation" (include "repository" .))) -}}
{{- end -}}
{{ toYaml (merge (dict "images" $images) $vector) }}
{{- end -}}
{{- end -}}

{{- /* A repository for test images is the operator's leave to choose one of them. */ -}}
{{- define "flagPolicy" -}}
apiVersion: gvisor.runtime.extensions.config.gardener.cloud/v1alpha1
kind: FlagPolicy
flags: {{ .Values.gvisorInstallation.flagPolicy | default dict | toJson }}
testImageTag: {{ ternary "allow" "deny" (not (empty .Values.gvisorInstallation.testRepository)) }}
{{- end -}}
