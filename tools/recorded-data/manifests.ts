interface ImageOptions {
  readonly profile?: string;
  /** Defaults to the namespace that the platform chooses. */
  readonly namespace?: string;
  /** Lines of its source, each `key: value` in YAML flow style. */
  readonly more?: readonly string[];
}

/** Returns an application with an image of the sandbox. */
export function imageManifest(
  name: string,
  tag: string,
  { profile = 'standard', namespace, more = [] }: ImageOptions = {},
): string {
  return `apiVersion: platform.astropulse.io/v1
kind: Application
metadata: { name: ${name} }
spec:
  profileName: ${profile}
${namespace === undefined ? '' : `  namespace: ${namespace}\n`}  labels: { team: recorded }
  description: Recorded to be read by later releases
  source:
    type: image
    image:
      registry: sandbox.invalid
      repository: ${name}
      tag: "${tag}"
      port: 8080
${more.map((line) => `      ${line}\n`).join('')}`;
}

/** Settings of `web`: all settings of an image that a later release must read. */
export const webSettings = (replicas: number): readonly string[] => [
  `replicas: ${replicas}`,
  'env: [{ name: GREETING, value: hello }, { name: NODE, fieldRef: spec.nodeName }]',
  'resources: { requests: { cpu: 100m, memory: 64Mi }, limits: { cpu: 500m, memory: 128Mi } }',
  'health: { path: /healthz }',
  'volumes: [{ name: data, size: 1Gi, mountPath: /data }]',
  'configFiles: [{ path: /etc/web/web.conf, content: "listen 8080" }]',
  'strategy: recreate',
];

/** Settings of `api`: autoscaling, with two ports. */
export const apiSettings: readonly string[] = [
  'autoscaling: { min: 2, max: 3, cpu: 80 }',
  'ports: [{ name: metrics, port: 9090 }]',
  'args: ["--verbose"]',
  'runAsUser: 1000',
];

/**
 * Returns an application of inline manifests: a ConfigMap, a Secret, a Deployment and its Service.
 * @param namespace of the objects; defaults to the namespace that the platform chooses
 */
export function yamlManifest(
  name: string,
  text: string,
  { profile = 'standard', namespace }: { readonly profile?: string; readonly namespace?: string } = {},
): string {
  const within = namespace === undefined ? '' : `, namespace: ${namespace}`;
  const mode = namespace === undefined ? '' : '  namespaceMode: preserve\n';
  return `apiVersion: platform.astropulse.io/v1
kind: Application
metadata: { name: ${name} }
spec:
  profileName: ${profile}
${mode}  source:
    type: yaml
    yaml:
      manifests: |
        apiVersion: v1
        kind: ConfigMap
        metadata: { name: ${name}-words${within} }
        data: { text: ${text} }
        ---
        apiVersion: v1
        kind: Secret
        metadata: { name: ${name}-keys${within} }
        stringData: { token: recorded-token }
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: ${name}${within}, labels: { app: ${name} } }
        spec:
          replicas: 1
          selector: { matchLabels: { app: ${name} } }
          template:
            metadata: { labels: { app: ${name} } }
            spec:
              containers: [{ name: main, image: "sandbox.invalid/${name}:1", envFrom: [{ secretRef: { name: ${name}-keys } }] }]
        ---
        apiVersion: v1
        kind: Service
        metadata: { name: ${name}${within} }
        spec: { selector: { app: ${name} }, ports: [{ port: 80, targetPort: 8080 }] }
`;
}

export function profileManifest(name: string, settings: readonly string[]): string {
  return `apiVersion: platform.astropulse.io/v1
kind: ApplicationProfile
metadata: { name: ${name} }
spec:
  clusterName: sandbox
${settings.map((line) => `  ${line}\n`).join('')}`;
}
