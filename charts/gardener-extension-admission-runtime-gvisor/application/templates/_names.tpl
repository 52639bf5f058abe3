{{- /* SPDX-License-Identifier: Apache-2.0 */ -}}

{{- define "name" -}}
gardener-extension-admission-runtime-gvisor
{{- end -}}

{{- define "labels" -}}
app.kubernetes.io/name: {{ include "name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}
