{{- /* SPDX-License-Identifier: Apache-2.0 */ -}}

{{- define "name" -}}
gardener-extension-runtime-gvisor
{{- end -}}

{{- /* A Deployment's selector can never change, and an existing installation keeps its Deployment: these stay as they are. */ -}}
{{- define "labels" -}}
app.kubernetes.io/name: {{ include "name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "image" -}}
{{- $tag := .Values.image.tag | default (printf "v%s" .Chart.AppVersion) -}}
{{ .Values.image.repository }}{{ ternary "@" ":" (hasPrefix "sha256:" $tag) }}{{ $tag }}
{{- end -}}

{{- define "imageVectorOverwrite" -}}
{{- if kindIs "string" .Values.imageVectorOverwrite -}}
{{ .Values.imageVectorOverwrite | trim }}
{{- else -}}
{{ toYaml .Values.imageVectorOverwrite }}
{{- end -}}
{{- end -}}
