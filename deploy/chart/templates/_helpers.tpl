{{/* RELEASE-leasehold, or the release alone where it says so already. At most 52 characters: a
StatefulSet's pods carry their name and a revision hash as labels. */}}
{{- define "leasehold.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 52 | trimSuffix "-" -}}
{{- else -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- if contains $name .Release.Name -}}
{{- .Release.Name | trunc 52 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 52 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "leasehold.selector" -}}
app.kubernetes.io/name: {{ default .Chart.Name .Values.nameOverride }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "leasehold.labels" -}}
{{ include "leasehold.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end -}}

{{- define "leasehold.serviceAccount" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "leasehold.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{/* Does this release elect? */}}
{{- define "leasehold.elects" -}}
{{- if .Values.kubecostDeployment.leaderFollower.enabled }}true{{ end -}}
{{- end -}}

{{/* The cost-analyzer chart's three conditions in its words, without its defect that an empty secret
passes; and what it lets through: several writers on one bucket. */}}
{{- define "leasehold.validate" -}}
{{- $deployment := .Values.kubecostDeployment -}}
{{- $model := .Values.kubecostModel -}}
{{- range $key := list "etlReadOnlyMode" "etlStoreReadOnly" -}}
{{- if index $model $key -}}
{{- fail (printf "kubecostModel.%s is true, and the agent has no read-only mode: a follower is read-only by itself" $key) -}}
{{- end -}}
{{- end -}}
{{- range $flag := .Values.leasehold.extraArgs -}}
{{- if hasPrefix "--stop-deadline" $flag -}}
{{- fail (printf "leasehold.extraArgs: %s is leasehold.stopDeadline (seconds): the Pod would be killed before" $flag) -}}
{{- end -}}
{{- end -}}
{{- if include "leasehold.elects" . -}}
{{- if not $model.etlFileStoreEnabled -}}
{{- fail "Leader/Follower requires kubecostModel.etlFileStoreEnabled be true." -}}
{{- end -}}
{{- if not $model.etlBucketConfigSecret -}}
{{- fail "Leader/Follower requires kubecostModel.etlBucketConfigSecret be valid." -}}
{{- end -}}
{{- if le (int $deployment.replicas) 1 -}}
{{- fail "Leader/Follower should be used with kubecostDeployment.replicas > 1" -}}
{{- end -}}
{{- else -}}
{{- if gt (int $deployment.replicas) 1 -}}
{{- fail (printf "kubecostDeployment.replicas is %d without leaderFollower: %d writers would share a bucket (set kubecostDeployment.leaderFollower.enabled: true, or replicas: 1)" (int $deployment.replicas) (int $deployment.replicas)) -}}
{{- end -}}
{{- if not $model.etlBucketConfigSecret -}}
{{- fail "kubecostModel.etlBucketConfigSecret names no Secret: there is no bucket to back up to" -}}
{{- end -}}
{{- end -}}
{{- end -}}
