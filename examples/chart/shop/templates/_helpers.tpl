{{- define "shop.pod" -}}
metadata:
  labels: { app.kubernetes.io/name: {{ .name }}, app.kubernetes.io/instance: {{ .root.Release.Name }} }
spec:
  {{- with .restartPolicy }}
  restartPolicy: {{ . }}
  {{- end }}
  containers:
    - name: {{ .name }}
      image: {{ .root.Values.registry }}/{{ .name }}:{{ .root.Chart.AppVersion }}
      envFrom:
        - configMapRef: { name: {{ .root.Release.Name }}-settings, optional: true }
      resources:
        requests: { cpu: 50m, memory: 64Mi }
        limits: { cpu: 200m, memory: 128Mi }
      securityContext:
        allowPrivilegeEscalation: false
        capabilities: { drop: [ALL] }
        runAsNonRoot: true
        runAsUser: 1000
        seccompProfile: { type: RuntimeDefault }
{{- end }}
