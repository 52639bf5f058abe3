{{- /* SPDX-License-Identifier: Apache-2.0 */ -}}

{{- define "name" -}}
gardener-extension-admission-runtime-gvisor
{{- end -}}

{{- define "labels" -}}
app.kubernetes.io/name: {{ include "name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "image" -}}
{{- $repository := required "image.repository: must be set to the repository of the image, for example registry.example.com/extensions/admission-runtime-gvisor" .Values.image.repository -}}
{{- $tag := .Values.image.tag | default (printf "v%s" .Chart.AppVersion) -}}
{{ $repository }}{{ ternary "@" ":" (hasPrefix "sha256:" $tag) }}{{ $tag }}
{{- end -}}

{{- /* By these API servers reach it: by its name from another cluster, as a service from its own. */ -}}
{{- define "serverNames" -}}
{{ include "name" . }}.{{ .Release.Namespace }},{{ include "name" . }}.{{ .Release.Namespace }}.svc
{{- end -}}

{{- define "flagPolicy" -}}
apiVersion: gvisor.runtime.extensions.config.gardener.cloud/v1alpha1
kind: FlagPolicy
flags: {{ .Values.flagPolicy | default dict | toJson }}
testImageTag: {{ .Values.testImageTag }}
{{- end -}}
