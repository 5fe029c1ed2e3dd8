{{- define "astro.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 36 | trimSuffix "-" -}}
{{- else -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- if or (contains "astro" .Release.Name) (contains $name .Release.Name) -}}
{{- .Release.Name | trunc 36 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 36 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* Labels that select the pods of one component. Takes a dict: root, component. */}}
{{- define "astro.selector" -}}
app.kubernetes.io/name: {{ default .root.Chart.Name .root.Values.nameOverride | trunc 63 | trimSuffix "-" }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end -}}

{{- define "astro.labels" -}}
{{ include "astro.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" | trunc 63 }}
{{- end -}}

{{- define "astro.image" -}}
{{- $image := .Values.image -}}
{{- $missing := printf "\n\nimage.repository is not set. There is no public image: build one, push it to your registry, and set it.\n\n  docker build --file deploy/Dockerfile --tag REGISTRY/astro-platform:%s .\n  docker push REGISTRY/astro-platform:%s\n  helm upgrade --install %s deploy/helm/astro-platform --set image.repository=REGISTRY/astro-platform …\n" .Chart.AppVersion .Chart.AppVersion .Release.Name -}}
{{- $repository := required $missing $image.repository -}}
{{- if $image.digest -}}
{{ printf "%s@%s" $repository $image.digest }}
{{- else -}}
{{ printf "%s:%s" $repository (default .Chart.AppVersion $image.tag) }}
{{- end -}}
{{- end -}}

{{- define "astro.publicUrl" -}}
{{- required "\n\npublicUrl is not set: the address that people use, such as --set publicUrl=https://astro.acme.dev\n" .Values.publicUrl | trimSuffix "/" -}}
{{- end -}}

{{- define "astro.publicHost" -}}
{{- $host := lower (regexReplaceAll ":[0-9]+$" (urlParse (include "astro.publicUrl" .)).host "") -}}
{{- if regexMatch "^[0-9.]+$|^\\[" $host -}}
{{- fail "publicUrl must have a host name if ingress.enabled is true: an Ingress cannot have an IP address as its host" -}}
{{- end -}}
{{- $host -}}
{{- end -}}

{{/* Fails if applications could use the namespace of a platform that may deploy to its own cluster. */}}
{{- define "astro.checkInCluster" -}}
{{- if and .Values.inCluster.enabled (not (hasPrefix "astro-" .Release.Namespace)) -}}
{{- fail "inCluster.enabled needs a namespace that begins with astro-, such as --namespace astro-platform: applications can use other namespaces, and would reach the Secrets of the platform" -}}
{{- end -}}
{{- end -}}

{{/* Fails if the generated password of the first admin would be lost with the pod. */}}
{{- define "astro.checkAdmin" -}}
{{- if and (eq .Values.profile "distributed") (not .Values.oidc.issuer) (not .Values.admin.passwordSecret.name) -}}
{{- fail "admin.passwordSecret.name is required with profile: distributed and the built-in issuer: a Secret with the password of the first admin" -}}
{{- end -}}
{{- end -}}

{{/* Account of the pods that may deploy to the cluster that they run in. */}}
{{- define "astro.inClusterAccount" -}}
{{ include "astro.fullname" . }}-in-cluster
{{- end -}}

{{/* Port of Sandboxes: four that follow the port of the process. */}}
{{- define "astro.sandboxPorts" -}}
8081 8082 8083 8084
{{- end -}}
