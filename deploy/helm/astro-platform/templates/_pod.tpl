{{/*
The template of a pod. Takes a dict: root; component; program, the folder of its bundle; resources; deploys, whether it connects
to clusters; data, the volume of its data folder; env, YAML of further variables; sandbox, whether it serves sandbox clusters.
*/}}
{{- define "astro.podTemplate" -}}
{{- $values := .root.Values -}}
{{- $entersOwn := and .deploys $values.inCluster.enabled -}}
{{- $nats := $values.distributed.nats -}}
{{- $hasNatsFiles := and (eq $values.profile "distributed") (or $nats.hasUsers $nats.caSecretName) -}}
metadata:
  labels:
    {{- include "astro.selector" . | nindent 4 }}
    {{- with $values.podLabels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  annotations:
    checksum/settings: {{ printf "%s%s" (include "astro.settings" .root) (toJson $values.plans) | sha256sum }}
    {{- with $values.podAnnotations }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
spec:
  serviceAccountName: {{ ternary (include "astro.inClusterAccount" .root) (include "astro.fullname" .root) $entersOwn }}
  automountServiceAccountToken: {{ $entersOwn }}
  enableServiceLinks: false
  terminationGracePeriodSeconds: 60
  {{- with $values.image.pullSecrets }}
  imagePullSecrets:
    {{- range . }}
    - name: {{ . | quote }}
    {{- end }}
  {{- end }}
  {{- with $values.priorityClassName }}
  priorityClassName: {{ . }}
  {{- end }}
  securityContext:
    runAsNonRoot: true
    runAsUser: 10001
    runAsGroup: 10001
    fsGroup: 10001
    fsGroupChangePolicy: OnRootMismatch
    seccompProfile:
      type: RuntimeDefault
  containers:
    - name: {{ .component }}
      image: {{ include "astro.image" .root | quote }}
      imagePullPolicy: {{ $values.image.pullPolicy }}
      args: [{{ printf "apps/%s/main.mjs" .component | quote }}]
      env:
        - name: PORT
          value: "8080"
        - name: ASTRO_HOST
          value: {{ $values.listenAddress | quote }}
        - name: ASTRO_DATA_DIR
          value: /var/lib/astro/data
        - name: ASTRO_PUBLIC_URL
          value: {{ include "astro.publicUrl" .root | quote }}
        {{- with include "astro.settings" .root | trim }}
        {{- . | nindent 8 }}
        {{- end }}
        {{- with .env }}
        {{- . | nindent 8 }}
        {{- end }}
      ports:
        - name: http
          containerPort: 8080
        {{- if .sandbox }}
        {{- range $index, $port := splitList " " (include "astro.sandboxPorts" .root) }}
        - name: sandbox-{{ $index }}
          containerPort: {{ $port }}
        {{- end }}
        {{- end }}
      startupProbe:
        httpGet: { path: /livez, port: http }
        periodSeconds: 2
        failureThreshold: 90
      livenessProbe:
        httpGet: { path: /livez, port: http }
        periodSeconds: 10
        timeoutSeconds: 5
        failureThreshold: 6
      readinessProbe:
        httpGet: { path: /readyz, port: http }
        periodSeconds: 5
        timeoutSeconds: 3
        failureThreshold: 2
      lifecycle:
        preStop:
          # Until no endpoint leads here any more, requests are still served.
          sleep: { seconds: 5 }
      securityContext:
        allowPrivilegeEscalation: false
        readOnlyRootFilesystem: true
        capabilities:
          drop: [ALL]
      resources:
        {{- toYaml .resources | nindent 8 }}
      volumeMounts:
        - name: data
          mountPath: /var/lib/astro
        - name: tmp
          mountPath: /tmp
        {{- if $values.plans }}
        - name: plans
          mountPath: /etc/astro
          readOnly: true
        {{- end }}
        {{- if $hasNatsFiles }}
        - name: nats
          mountPath: /etc/astro-nats
          readOnly: true
        {{- end }}
  volumes:
    {{- with .data }}
    {{- . | nindent 4 }}
    {{- end }}
    - name: tmp
      emptyDir: {}
    {{- if $values.plans }}
    - name: plans
      configMap:
        name: {{ include "astro.fullname" .root }}-plans
    {{- end }}
    {{- if $hasNatsFiles }}
    - name: nats
      projected:
        defaultMode: 0440
        sources:
          {{- if $nats.hasUsers }}
          - secret:
              name: {{ $values.distributed.access.secretName }}
              items:
                - key: {{ .component }}.nk
                  path: user.nk
          {{- end }}
          {{- with $nats.caSecretName }}
          - secret:
              name: {{ . }}
              items:
                - key: ca.crt
                  path: ca.crt
          {{- end }}
    {{- end }}
  {{- with $values.nodeSelector }}
  nodeSelector:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $values.tolerations }}
  tolerations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- if $values.affinity }}
  affinity:
    {{- toYaml $values.affinity | nindent 4 }}
  {{- else }}
  topologySpreadConstraints:
    - maxSkew: 1
      topologyKey: kubernetes.io/hostname
      whenUnsatisfiable: ScheduleAnyway
      labelSelector:
        matchLabels:
          {{- include "astro.selector" . | nindent 10 }}
  {{- end }}
{{- end -}}

{{/* Settings that every process has. */}}
{{- define "astro.settings" -}}
{{- $values := .Values -}}
{{- $settings := dict -}}
{{- with $values.contact }}{{- $_ := set $settings "ASTRO_CONTACT" . }}{{- end -}}
{{- with $values.trustedProxies }}{{- $_ := set $settings "ASTRO_TRUSTED_PROXIES" (join "," .) }}{{- end -}}
{{- with $values.egressAllow }}{{- $_ := set $settings "ASTRO_EGRESS_ALLOW" (join "," .) }}{{- end -}}
{{- if $values.plans }}{{- $_ := set $settings "ASTRO_PLANS_FILE" "/etc/astro/plans.json" }}{{- end -}}
{{- if $values.oidc.issuer }}
{{- $_ := set $settings "ASTRO_OIDC_ISSUER" $values.oidc.issuer }}
{{- $_ := set $settings "ASTRO_OIDC_AUDIENCE" (required "oidc.audience is required with oidc.issuer" $values.oidc.audience) }}
{{- $_ := set $settings "ASTRO_OIDC_CLI_CLIENT_ID" (required "oidc.cliClientId is required with oidc.issuer" $values.oidc.cliClientId) }}
{{- $_ := set $settings "ASTRO_ADMIN_EMAILS" (join "," (required "oidc.adminEmails is required with oidc.issuer" $values.oidc.adminEmails)) }}
{{- with $values.oidc.consoleClientId }}{{- $_ := set $settings "ASTRO_OIDC_CONSOLE_CLIENT_ID" . }}{{- end -}}
{{- range $name, $value := $values.oidc.settings }}{{- $_ := set $settings (printf "ASTRO_OIDC_%s" $name) $value }}{{- end -}}
{{- else }}
{{- with $values.admin.email }}{{- $_ := set $settings "ASTRO_ADMIN_EMAIL" . }}{{- end -}}
{{- end -}}
{{- range $name, $value := $values.settings }}{{- $_ := set $settings $name $value }}{{- end -}}
{{- range $name, $value := $settings }}
- name: {{ $name }}
  value: {{ $value | toString | quote }}
{{- end }}
{{- end -}}

{{/* A variable from a Secret. Takes a dict: variable, name, key. */}}
{{- define "astro.fromSecret" -}}
- name: {{ .variable }}
  valueFrom:
    secretKeyRef:
      name: {{ .name }}
      key: {{ .key }}
{{- end -}}

{{/* The password of the first admin, for the process that has the built-in issuer. */}}
{{- define "astro.adminPassword" -}}
{{- $secret := .Values.admin.passwordSecret -}}
{{- if and $secret.name (not .Values.oidc.issuer) -}}
{{ include "astro.fromSecret" (dict "variable" "ASTRO_ADMIN_PASSWORD" "name" $secret.name "key" $secret.key) }}
{{- end -}}
{{- end -}}
