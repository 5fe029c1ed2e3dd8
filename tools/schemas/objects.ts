// Objects whose creation as a dry run shows the defaults of a server: each kind with as few fields as possible, and
// with all optional blocks. Blocks have as few members as possible, so that all others get their defaults.

type Manifest = { apiVersion: string; kind: string; metadata: Record<string, unknown>; [field: string]: unknown };

const of = (apiVersion: string, kind: string, rest: Record<string, unknown>, name = 'probe'): Manifest => ({
  apiVersion,
  kind,
  metadata: { name },
  ...rest,
});
const labels = { app: 'probe' };
const selector = { matchLabels: labels };
const container = { name: 'c', image: 'registry.example/c:1' };
const pod = (spec: Record<string, unknown>) => ({ metadata: { labels }, spec: { containers: [container], ...spec } });

const probes = [
  { httpGet: { port: 80 } },
  {
    httpGet: { port: 'http', path: '/x', scheme: 'HTTPS', host: 'h', httpHeaders: [{ name: 'A', value: 'b' }] },
    periodSeconds: 7,
    timeoutSeconds: 2,
    failureThreshold: 5,
    initialDelaySeconds: 3,
  },
  { tcpSocket: { port: 80 } },
  { exec: { command: ['true'] } },
  { grpc: { port: 80 } },
];

const volumes = [
  { name: 'a' },
  { name: 'b', emptyDir: { sizeLimit: '1Gi', medium: 'Memory' } },
  { name: 'c', configMap: { name: 'x' } },
  { name: 'd', configMap: { name: 'x', optional: true, items: [{ key: 'k', path: 'p', mode: 256 }] } },
  { name: 'e', secret: { secretName: 'x' } },
  { name: 'f', secret: { secretName: 'x', optional: true, items: [{ key: 'k', path: 'p' }] } },
  {
    name: 'g',
    projected: {
      sources: [
        { configMap: { name: 'x', items: [{ key: 'k', path: 'p' }] } },
        { secret: { name: 'y', items: [{ key: 'k', path: 'q' }] } },
        { serviceAccountToken: { path: 't' } },
        { downwardAPI: { items: [{ path: 'd', fieldRef: { fieldPath: 'metadata.name' } }] } },
      ],
    },
  },
  {
    name: 'h',
    downwardAPI: {
      items: [
        { path: 'p', fieldRef: { fieldPath: 'metadata.labels' } },
        { path: 'r', resourceFieldRef: { containerName: 'c', resource: 'limits.cpu' } },
      ],
    },
  },
  { name: 'i', hostPath: { path: '/x' } },
  { name: 'j', persistentVolumeClaim: { claimName: 'x' } },
  {
    name: 'k',
    ephemeral: {
      volumeClaimTemplate: { spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } } },
    },
  },
  { name: 'l', nfs: { server: 's', path: '/x' } },
  { name: 'm', csi: { driver: 'd.example' } },
  { name: 'n', iscsi: { targetPortal: 'p', iqn: 'iqn.2001-04.com.example:a', lun: 0 } },
  { name: 'o', image: { reference: 'registry.example/i:1' } },
  { name: 'p', image: { reference: 'registry.example/i' } },
];

const env = [
  { name: 'A' },
  { name: 'B', value: 'b' },
  { name: 'C', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
  { name: 'D', valueFrom: { resourceFieldRef: { resource: 'limits.cpu' } } },
  { name: 'E', valueFrom: { configMapKeyRef: { name: 'x', key: 'k' } } },
  { name: 'F', valueFrom: { secretKeyRef: { name: 'x', key: 'k', optional: true } } },
];

const fullContainer = {
  name: 'full',
  image: 'registry.example/full:1',
  command: ['a'],
  args: ['b'],
  workingDir: '/w',
  ports: [
    { containerPort: 80 },
    { name: 'http', containerPort: 81, protocol: 'UDP' },
    { containerPort: 82, hostPort: 82, protocol: 'TCP' },
  ],
  envFrom: [{ configMapRef: { name: 'x' } }, { prefix: 'P_', secretRef: { name: 'x', optional: true } }],
  env,
  resources: { limits: { cpu: '1', memory: '1Gi' }, requests: { cpu: '500m', memory: '512Mi' } },
  volumeMounts: [
    { name: 'a', mountPath: '/a' },
    { name: 'b', mountPath: '/b', readOnly: true, subPath: 's', mountPropagation: 'None' },
  ],
  livenessProbe: probes[0],
  readinessProbe: probes[1],
  startupProbe: probes[2],
  lifecycle: { postStart: { exec: { command: ['x'] } }, preStop: { httpGet: { port: 80 } } },
  securityContext: {
    capabilities: { drop: ['ALL'], add: ['NET_BIND_SERVICE'] },
    runAsNonRoot: true,
    runAsUser: 1000,
    runAsGroup: 1000,
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    privileged: false,
    procMount: 'Default',
    seLinuxOptions: { level: 's0' },
    seccompProfile: { type: 'RuntimeDefault' },
  },
  stdin: true,
  stdinOnce: true,
  tty: true,
  imagePullPolicy: 'Always',
  terminationMessagePath: '/t',
  terminationMessagePolicy: 'FallbackToLogsOnError',
};

const fullPodSpec = {
  containers: [
    fullContainer,
    {
      name: 'g',
      image: 'registry.example/g',
      livenessProbe: probes[3],
      readinessProbe: probes[4],
      lifecycle: { preStop: { sleep: { seconds: 1 } } },
      resources: { limits: { cpu: '1' } },
    },
    { name: 'latest', image: 'registry.example/l:latest' },
    { name: 'digest', image: `registry.example/d@sha256:${'0'.repeat(64)}` },
  ],
  initContainers: [
    { name: 'i', image: 'registry.example/i:1' },
    { name: 'side', image: 'registry.example/s:1', restartPolicy: 'Always' },
  ],
  volumes,
  nodeSelector: { a: 'b' },
  affinity: {
    nodeAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: {
        nodeSelectorTerms: [{ matchExpressions: [{ key: 'a', operator: 'In', values: ['b'] }] }],
      },
      preferredDuringSchedulingIgnoredDuringExecution: [
        { weight: 1, preference: { matchExpressions: [{ key: 'a', operator: 'Exists' }] } },
      ],
    },
    podAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: 'a', labelSelector: selector }],
      preferredDuringSchedulingIgnoredDuringExecution: [
        {
          weight: 1,
          podAffinityTerm: {
            topologyKey: 'a',
            labelSelector: { matchExpressions: [{ key: 'a', operator: 'Exists' }] },
          },
        },
      ],
    },
    podAntiAffinity: {
      preferredDuringSchedulingIgnoredDuringExecution: [
        { weight: 100, podAffinityTerm: { topologyKey: 'a', labelSelector: selector, namespaces: ['n'] } },
      ],
    },
  },
  tolerations: [
    { key: 'a', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 3 },
    { key: 'b', value: 'c' },
  ],
  topologySpreadConstraints: [
    { maxSkew: 1, topologyKey: 'a', whenUnsatisfiable: 'DoNotSchedule', labelSelector: selector },
  ],
  hostAliases: [{ ip: '10.0.0.1', hostnames: ['h'] }],
  imagePullSecrets: [{ name: 'x' }],
  securityContext: {
    runAsUser: 1000,
    runAsNonRoot: true,
    fsGroup: 1,
    fsGroupChangePolicy: 'OnRootMismatch',
    supplementalGroups: [1],
    seccompProfile: { type: 'RuntimeDefault' },
    sysctls: [{ name: 'net.ipv4.tcp_syncookies', value: '1' }],
  },
  serviceAccountName: 'default',
  automountServiceAccountToken: false,
  terminationGracePeriodSeconds: 10,
  activeDeadlineSeconds: 100,
  dnsPolicy: 'None',
  dnsConfig: { nameservers: ['10.0.0.2'], searches: ['s'], options: [{ name: 'ndots', value: '2' }] },
  hostname: 'h',
  subdomain: 's',
  enableServiceLinks: false,
  shareProcessNamespace: true,
  priority: 0,
  readinessGates: [{ conditionType: 'a/b' }],
  schedulerName: 'other',
  runtimeClassName: undefined,
  overhead: undefined,
  setHostnameAsFQDN: false,
  hostUsers: true,
  os: { name: 'linux' },
};

const { activeDeadlineSeconds, ...fullTemplateSpec } = fullPodSpec;
const fullTemplate = { metadata: { labels, annotations: { a: 'b' } }, spec: fullTemplateSpec };
const claim = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } };
const backend = { service: { name: 's', port: { number: 80 } } };
const job = (spec: Record<string, unknown>) => ({ template: pod({ restartPolicy: 'Never' }), ...spec });

export const OBJECTS: readonly Manifest[] = [
  of('v1', 'Namespace', {}),
  of('v1', 'ConfigMap', {}),
  of('v1', 'ConfigMap', { data: { a: 'b' }, binaryData: { c: 'AAE=' }, immutable: true }),
  of('v1', 'Secret', {}),
  of('v1', 'Secret', { type: 'Opaque', data: { a: 'Yg==' }, immutable: true }),
  of('v1', 'ServiceAccount', {}),
  of('v1', 'ServiceAccount', {
    automountServiceAccountToken: false,
    secrets: [{ name: 'x' }],
    imagePullSecrets: [{ name: 'y' }],
  }),
  of('v1', 'Pod', { spec: { containers: [container] } }),
  of('v1', 'Pod', { metadata: { name: 'probe', labels }, spec: { ...fullPodSpec, priority: undefined } }),
  of('v1', 'Pod', {
    spec: {
      os: { name: 'windows' },
      containers: [{ ...container, securityContext: { windowsOptions: { runAsUserName: 'a' } } }],
    },
  }),
  of('v1', 'Service', { spec: { ports: [{ port: 80 }] } }),
  of('v1', 'Service', {
    spec: {
      selector: labels,
      type: 'NodePort',
      ports: [
        { name: 'a', port: 80, targetPort: 'http' },
        { name: 'b', port: 53, protocol: 'UDP', appProtocol: 'x' },
      ],
      sessionAffinity: 'ClientIP',
    },
  }),
  of('v1', 'Service', {
    spec: {
      selector: labels,
      type: 'LoadBalancer',
      ports: [{ port: 80 }],
      externalTrafficPolicy: 'Local',
      loadBalancerSourceRanges: ['10.0.0.0/8'],
    },
  }),
  of('v1', 'Service', { spec: { type: 'ExternalName', externalName: 'example.com' } }),
  of('v1', 'Service', {
    spec: { selector: labels, clusterIP: 'None', ports: [{ port: 80 }], publishNotReadyAddresses: true },
  }),
  of('v1', 'Endpoints', {}),
  of('v1', 'Endpoints', {
    subsets: [
      {
        addresses: [{ ip: '10.0.0.1', targetRef: { kind: 'Pod', name: 'x' } }],
        notReadyAddresses: [{ ip: '10.0.0.2' }],
        ports: [
          { name: 'a', port: 80 },
          { name: 'b', port: 53, protocol: 'UDP' },
        ],
      },
    ],
  }),
  of('v1', 'Event', { involvedObject: { namespace: 'default' } }),
  of('v1', 'Event', {
    involvedObject: { kind: 'Pod', name: 'x', namespace: 'default' },
    reason: 'R',
    message: 'm',
    type: 'Normal',
    count: 1,
    source: { component: 'c' },
    firstTimestamp: '2026-01-01T00:00:00Z',
    lastTimestamp: '2026-01-01T00:00:00Z',
  }),
  of('v1', 'Node', {}),
  of('v1', 'Node', {
    spec: { unschedulable: true, taints: [{ key: 'a', effect: 'NoSchedule' }], podCIDR: '10.0.0.0/24' },
  }),
  of('v1', 'Node', { spec: { podCIDR: '10.1.0.0/24' } }),
  of('v1', 'PersistentVolumeClaim', { spec: claim }),
  of('v1', 'PersistentVolumeClaim', {
    spec: {
      ...claim,
      storageClassName: 'x',
      volumeName: 'v',
      selector,
      volumeMode: 'Block',
      dataSource: { kind: 'PersistentVolumeClaim', name: 'y' },
    },
  }),
  of('v1', 'PersistentVolume', {
    spec: { capacity: { storage: '1Gi' }, accessModes: ['ReadWriteOnce'], hostPath: { path: '/x' } },
  }),
  of('v1', 'PersistentVolume', {
    spec: {
      capacity: { storage: '1Gi' },
      accessModes: ['ReadWriteMany'],
      nfs: { server: 's', path: '/x' },
      persistentVolumeReclaimPolicy: 'Delete',
      claimRef: { name: 'x', namespace: 'default' },
      mountOptions: ['a'],
      storageClassName: 's',
    },
  }),
  of('v1', 'ResourceQuota', {}),
  of('v1', 'ResourceQuota', { spec: { hard: { pods: '10', 'requests.cpu': '1' }, scopes: ['NotTerminating'] } }),
  of('v1', 'LimitRange', {}),
  of('v1', 'LimitRange', {
    spec: {
      limits: [
        { type: 'Container', max: { cpu: '2' }, min: { cpu: '100m' } },
        { type: 'Pod', max: { cpu: '2' } },
      ],
    },
  }),
  of('v1', 'ReplicationController', { spec: { template: pod({}) } }),
  of('v1', 'ReplicationController', {
    spec: { replicas: 2, selector: labels, minReadySeconds: 1, template: fullTemplate },
  }),
  of('v1', 'ReplicationController', {
    spec: { template: { metadata: { labels: { app: 'other' } }, spec: { containers: [container] } } },
  }),
  of('v1', 'PodTemplate', { template: pod({}) }),
  of('apps/v1', 'Deployment', { spec: { selector, template: pod({}) } }),
  of('apps/v1', 'Deployment', {
    spec: {
      selector,
      replicas: 2,
      minReadySeconds: 1,
      paused: true,
      revisionHistoryLimit: 3,
      progressDeadlineSeconds: 60,
      strategy: { type: 'RollingUpdate' },
      template: fullTemplate,
    },
  }),
  of('apps/v1', 'Deployment', {
    spec: { selector, strategy: { rollingUpdate: { maxSurge: 1 } }, template: pod({ serviceAccount: 'legacy' }) },
  }),
  of('apps/v1', 'Deployment', {
    spec: { selector, strategy: { rollingUpdate: { maxUnavailable: 1 } }, template: pod({ serviceAccount: 'legacy' }) },
  }),
  of('apps/v1', 'Deployment', {
    spec: {
      selector,
      strategy: { type: 'Recreate' },
      template: pod({ hostNetwork: true, containers: [{ ...container, ports: [{ containerPort: 80 }] }] }),
    },
  }),
  of('apps/v1', 'ReplicaSet', { spec: { selector, template: pod({}) } }),
  of('apps/v1', 'ReplicaSet', { spec: { selector, replicas: 2, minReadySeconds: 1, template: fullTemplate } }),
  of('apps/v1', 'StatefulSet', { spec: { selector, template: pod({}) } }),
  of('apps/v1', 'StatefulSet', {
    spec: {
      selector,
      replicas: 2,
      serviceName: 's',
      podManagementPolicy: 'Parallel',
      updateStrategy: { type: 'RollingUpdate', rollingUpdate: {} },
      revisionHistoryLimit: 3,
      minReadySeconds: 1,
      persistentVolumeClaimRetentionPolicy: {},
      ordinals: { start: 1 },
      volumeClaimTemplates: [{ metadata: { name: 'v' }, spec: claim }],
      template: fullTemplate,
    },
  }),
  of('apps/v1', 'StatefulSet', {
    spec: { selector, serviceName: 's', updateStrategy: { type: 'OnDelete' }, template: pod({}) },
  }),
  of('apps/v1', 'DaemonSet', { spec: { selector, template: pod({}) } }),
  of('apps/v1', 'DaemonSet', {
    spec: {
      selector,
      updateStrategy: { type: 'RollingUpdate', rollingUpdate: {} },
      minReadySeconds: 1,
      revisionHistoryLimit: 2,
      template: pod({}),
    },
  }),
  of('apps/v1', 'DaemonSet', { spec: { selector, updateStrategy: { type: 'OnDelete' }, template: pod({}) } }),
  of('apps/v1', 'ControllerRevision', { revision: 1, data: { a: 1 } }),
  of('batch/v1', 'Job', { spec: job({}) }),
  of('batch/v1', 'Job', {
    spec: job({
      parallelism: 2,
      completions: 3,
      backoffLimit: 1,
      activeDeadlineSeconds: 60,
      ttlSecondsAfterFinished: 10,
      suspend: true,
      completionMode: 'Indexed',
      podFailurePolicy: { rules: [{ action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget' }] }] },
    }),
  }),
  of('batch/v1', 'Job', { spec: job({ parallelism: 2 }) }),
  of('batch/v1', 'CronJob', { spec: { schedule: '0 0 * * *', jobTemplate: { spec: job({}) } } }),
  of('batch/v1', 'CronJob', {
    spec: {
      schedule: '@daily',
      timeZone: 'Etc/UTC',
      startingDeadlineSeconds: 10,
      suspend: true,
      concurrencyPolicy: 'Forbid',
      successfulJobsHistoryLimit: 1,
      failedJobsHistoryLimit: 2,
      jobTemplate: { metadata: { labels }, spec: job({ backoffLimit: 3 }) },
    },
  }),
  of('networking.k8s.io/v1', 'Ingress', { spec: { defaultBackend: backend } }),
  of('networking.k8s.io/v1', 'Ingress', {
    spec: {
      ingressClassName: 'x',
      tls: [{ hosts: ['a.example'], secretName: 's' }],
      rules: [{ host: 'a.example', http: { paths: [{ path: '/', pathType: 'Prefix', backend }] } }],
    },
  }),
  of('networking.k8s.io/v1', 'IngressClass', { spec: { controller: 'a.example/b' } }),
  of('networking.k8s.io/v1', 'IngressClass', {
    spec: { controller: 'a.example/b', parameters: { apiGroup: 'g.example', kind: 'K', name: 'n' } },
  }),
  of('networking.k8s.io/v1', 'NetworkPolicy', { spec: { podSelector: {} } }),
  of('networking.k8s.io/v1', 'NetworkPolicy', {
    spec: {
      podSelector: selector,
      ingress: [
        {
          from: [{ podSelector: {} }, { ipBlock: { cidr: '10.0.0.0/8', except: ['10.1.0.0/16'] } }],
          ports: [{ port: 80 }, { port: 'http', protocol: 'UDP' }, { port: 80, endPort: 90 }],
        },
        {},
      ],
    },
  }),
  of('networking.k8s.io/v1', 'NetworkPolicy', {
    spec: { podSelector: selector, egress: [{ to: [{ namespaceSelector: {} }], ports: [{}] }] },
  }),
  of('autoscaling/v2', 'HorizontalPodAutoscaler', {
    spec: { maxReplicas: 3, scaleTargetRef: { kind: 'Deployment', name: 'x', apiVersion: 'apps/v1' } },
  }),
  of('autoscaling/v2', 'HorizontalPodAutoscaler', {
    spec: {
      minReplicas: 2,
      maxReplicas: 3,
      scaleTargetRef: { kind: 'Deployment', name: 'x', apiVersion: 'apps/v1' },
      metrics: [
        { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 50 } } },
      ],
      behavior: { scaleDown: { policies: [{ type: 'Pods', value: 1, periodSeconds: 15 }] } },
    },
  }),
  of('autoscaling/v2', 'HorizontalPodAutoscaler', {
    spec: {
      maxReplicas: 3,
      scaleTargetRef: { kind: 'Deployment', name: 'x', apiVersion: 'apps/v1' },
      behavior: { scaleUp: { stabilizationWindowSeconds: 5 } },
    },
  }),
  of('autoscaling/v2', 'HorizontalPodAutoscaler', {
    spec: {
      maxReplicas: 3,
      scaleTargetRef: { kind: 'Deployment', name: 'x', apiVersion: 'apps/v1' },
      behavior: {
        scaleDown: { stabilizationWindowSeconds: 5 },
        scaleUp: { policies: [{ type: 'Pods', value: 1, periodSeconds: 15 }] },
      },
    },
  }),
  of('autoscaling/v2', 'HorizontalPodAutoscaler', {
    spec: { maxReplicas: 3, scaleTargetRef: { kind: 'Deployment', name: 'x', apiVersion: 'apps/v1' }, behavior: {} },
  }),
  of('policy/v1', 'PodDisruptionBudget', { spec: { minAvailable: 1, selector } }),
  of('policy/v1', 'PodDisruptionBudget', {
    spec: { maxUnavailable: '50%', selector, unhealthyPodEvictionPolicy: 'AlwaysAllow' },
  }),
  of('rbac.authorization.k8s.io/v1', 'Role', { rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }] }),
  of('rbac.authorization.k8s.io/v1', 'ClusterRole', { rules: [{ nonResourceURLs: ['/x'], verbs: ['get'] }] }),
  of('rbac.authorization.k8s.io/v1', 'RoleBinding', {
    roleRef: { kind: 'Role', name: 'x', apiGroup: 'rbac.authorization.k8s.io' },
    subjects: [
      { kind: 'ServiceAccount', name: 'x', namespace: 'default' },
      { kind: 'User', name: 'u' },
      { kind: 'Group', name: 'g' },
    ],
  }),
  of('rbac.authorization.k8s.io/v1', 'ClusterRoleBinding', {
    roleRef: { kind: 'ClusterRole', name: 'x', apiGroup: 'rbac.authorization.k8s.io' },
    subjects: [{ kind: 'User', name: 'u' }],
  }),
  of('storage.k8s.io/v1', 'StorageClass', { provisioner: 'a.example/b' }),
  of('storage.k8s.io/v1', 'StorageClass', {
    provisioner: 'a.example/b',
    reclaimPolicy: 'Retain',
    volumeBindingMode: 'WaitForFirstConsumer',
    allowVolumeExpansion: true,
    parameters: { a: 'b' },
  }),
  of('discovery.k8s.io/v1', 'EndpointSlice', {
    addressType: 'IPv4',
    endpoints: [{ addresses: ['10.0.0.1'] }],
    ports: [{ port: 80 }],
  }),
  of('discovery.k8s.io/v1', 'EndpointSlice', {
    addressType: 'IPv4',
    endpoints: [
      { addresses: ['10.0.0.1'], conditions: { ready: true }, targetRef: { kind: 'Pod', name: 'x' }, nodeName: 'n' },
    ],
    ports: [{ name: 'a', port: 80, protocol: 'UDP' }],
  }),
  of('coordination.k8s.io/v1', 'Lease', {}),
  of('coordination.k8s.io/v1', 'Lease', {
    spec: { holderIdentity: 'h', leaseDurationSeconds: 10, renewTime: '2026-01-01T00:00:00.000000Z' },
  }),
  of(
    'apiextensions.k8s.io/v1',
    'CustomResourceDefinition',
    {
      spec: {
        group: 'p.example',
        scope: 'Namespaced',
        names: { plural: 'probes', kind: 'Probe' },
        versions: [
          {
            name: 'v1',
            served: true,
            storage: true,
            schema: {
              openAPIV3Schema: {
                type: 'object',
                properties: { spec: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
              },
            },
          },
        ],
      },
    },
    'probes.p.example',
  ),
  of(
    'apiextensions.k8s.io/v1',
    'CustomResourceDefinition',
    {
      spec: {
        group: 'p.example',
        scope: 'Cluster',
        names: {
          plural: 'probes',
          singular: 'probe',
          kind: 'Probe',
          listKind: 'ProbeList',
          shortNames: ['pr'],
          categories: ['all'],
        },
        conversion: { strategy: 'None' },
        versions: [
          {
            name: 'v1',
            served: true,
            storage: true,
            subresources: {
              status: {},
              scale: { specReplicasPath: '.spec.replicas', statusReplicasPath: '.status.replicas' },
            },
            additionalPrinterColumns: [{ name: 'A', type: 'string', jsonPath: '.spec.a' }],
            schema: {
              openAPIV3Schema: {
                type: 'object',
                properties: { spec: { type: 'object', properties: { a: { type: 'string', default: 'x' } } } },
              },
            },
          },
        ],
      },
    },
    'probes.p.example',
  ),
  of(
    'apiextensions.k8s.io/v1',
    'CustomResourceDefinition',
    {
      spec: {
        group: 'p.example',
        scope: 'Cluster',
        names: { plural: 'others', kind: 'Other' },
        versions: [{ name: 'v2', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } }],
      },
    },
    'others.p.example',
  ),
  of('admissionregistration.k8s.io/v1', 'ValidatingWebhookConfiguration', {
    webhooks: [
      {
        name: 'a.b.example',
        sideEffects: 'None',
        admissionReviewVersions: ['v1'],
        clientConfig: { service: { name: 's', namespace: 'default' } },
        rules: [{ apiGroups: [''], apiVersions: ['v1'], resources: ['pods'], operations: ['CREATE'] }],
      },
    ],
  }),
  of('admissionregistration.k8s.io/v1', 'MutatingWebhookConfiguration', {
    webhooks: [
      {
        name: 'a.b.example',
        sideEffects: 'None',
        admissionReviewVersions: ['v1'],
        clientConfig: { url: 'https://a.example' },
      },
    ],
  }),
];
