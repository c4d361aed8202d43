{{/* What everything is called: the release, with the chart where its name does not say it already. */}}
{{- define "agentrun.fullname" -}}
{{- if contains .Chart.Name .Release.Name -}}
{{- .Release.Name | trunc 50 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name .Chart.Name | trunc 50 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "agentrun.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "agentrun.labels" -}}
{{ include "agentrun.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end -}}

{{- define "agentrun.host" -}}
{{ (urlParse .Values.publicUrl).hostname }}
{{- end -}}

{{/* How long a replica may take to stop; less than its longest call and what follows it is refused. */}}
{{- define "agentrun.grace" -}}
{{- $v := .Values -}}
{{- $longest := index .Chart.Annotations "agentrun/longest-call" | int64 -}}
{{- if lt (int64 $v.longestCall) $longest -}}
{{- fail (printf "longestCall is %d, and the agents of this chart let a call last %d s. Leave it out, or give %d or more." (int64 $v.longestCall) $longest $longest) -}}
{{- end -}}
{{- $needed := add (int64 $v.preStop) (int64 $v.longestCall) (int64 $v.lastWords) -}}
{{- $given := $v.terminationGracePeriodSeconds -}}
{{- if and $given (lt (int64 $given) $needed) -}}
{{- fail (printf "terminationGracePeriodSeconds is %d, and calls would be cut off: %d of preStop, %d of longestCall and %d of lastWords make %d. Leave it out, or give %d or more." (int64 $given) (int64 $v.preStop) (int64 $v.longestCall) (int64 $v.lastWords) $needed $needed) -}}
{{- end -}}
{{- default $needed $given | int64 -}}
{{- end -}}

{{/* The calls of a replica at which there are to be more. */}}
{{- define "agentrun.target" -}}
{{- max 1 (div (mul (int64 .Values.callsPerReplica) (int64 .Values.autoscaling.fullAt)) 100) -}}
{{- end -}}

{{/* The most replicas: as given, or enough for the calls and one more, for the one that a node takes with it. */}}
{{- define "agentrun.most" -}}
{{- $v := .Values -}}
{{- $least := int64 $v.replicas.min -}}
{{- if $v.replicas.max -}}
{{- if lt (int64 $v.replicas.max) $least -}}
{{- fail (printf "replicas.max is %d, and replicas.min is %d. Give max %d or more, or leave it out." (int64 $v.replicas.max) $least $least) -}}
{{- end -}}
{{- int64 $v.replicas.max -}}
{{- else if $v.calls -}}
{{- $full := mul (int64 $v.callsPerReplica) (int64 $v.autoscaling.fullAt) -}}
{{- max (add $least 1) (add 1 (div (add (mul 100 (int64 $v.calls)) (sub $full 1)) $full)) -}}
{{- else -}}
{{- max 10 $least -}}
{{- end -}}
{{- end -}}

{{/* More at once, one fewer a minute: each that goes has calls to finish first. */}}
{{- define "agentrun.behavior" -}}
scaleUp:
  stabilizationWindowSeconds: 0
  policies:
    - {type: Percent, value: 100, periodSeconds: 30}
scaleDown:
  stabilizationWindowSeconds: 300
  policies:
    - {type: Pods, value: 1, periodSeconds: 60}
{{- end -}}

{{/* Variables whose values are in the secret alone. */}}
{{- define "agentrun.secrets" -}}
{{- $secret := .Values.secret.name -}}
{{- range $name, $need := .Values.secret.variables }}
- name: {{ $name }}
  valueFrom:
    secretKeyRef: {name: {{ $secret }}, key: {{ $name }}, optional: {{ eq $need "optional" }}}
{{- end }}
{{- end -}}

{{/* Options of `agentrun serve`; among them may be where the tables are. */}}
{{- define "agentrun.settings" -}}
{{- range $name, $value := .Values.settings }}
- {name: {{ $name }}, value: {{ $value | toString | quote }}}
{{- end }}
{{- end -}}

{{- define "agentrun.nobody" -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
fsGroup: 10001
seccompProfile: {type: RuntimeDefault}
{{- end -}}

{{- define "agentrun.confined" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end -}}
