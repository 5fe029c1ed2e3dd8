/** Changes to a pod that fits `restricted`: members of its spec, of its only container, and of its metadata. */
export interface PodCase {
  readonly name: string;
  readonly spec?: object;
  readonly container?: object;
  readonly annotations?: Readonly<Record<string, string>>;
  /** The strictest level that allows the pod. */
  readonly fits: 'restricted' | 'baseline' | 'privileged';
  /** Level at which a real server is deliberately less strict: it allows root in pods with their own user namespace. */
  readonly serverFits?: 'restricted' | 'baseline';
}

const container = (more: object = {}): object => ({
  name: 'c',
  image: 'x/y:1',
  ...more,
  securityContext: {
    allowPrivilegeEscalation: false,
    capabilities: { drop: ['ALL'] },
    ...('securityContext' in more ? (more.securityContext as object) : {}),
  }, // cases contain only objects
});
const context = (more: object): object => ({ securityContext: more });

/** Returns the spec of a case's pod. */
export const podOfCase = ({ spec = {}, container: own = {} }: PodCase): Readonly<Record<string, unknown>> => ({
  containers: [container(own)],
  ...spec,
  securityContext: {
    runAsNonRoot: true,
    seccompProfile: { type: 'RuntimeDefault' },
    ...('securityContext' in spec ? (spec.securityContext as object) : {}),
  }, // as above
});

const volume = (kind: string, source: object): object => ({ volumes: [{ name: 'v', [kind]: source }] });
const probe = (handler: object): object => ({ livenessProbe: handler });
const BASELINE_CAPABILITIES = [
  'AUDIT_WRITE',
  'CHOWN',
  'DAC_OVERRIDE',
  'FOWNER',
  'FSETID',
  'KILL',
  'MKNOD',
  'SETFCAP',
  'SETGID',
  'SETPCAP',
  'SETUID',
  'SYS_CHROOT',
];
const SAFE_SYSCTLS = [
  'kernel.shm_rmid_forced',
  'net.ipv4.ip_local_port_range',
  'net.ipv4.ip_unprivileged_port_start',
  'net.ipv4.tcp_syncookies',
  'net.ipv4.ping_group_range',
  'net.ipv4.ip_local_reserved_ports',
  'net.ipv4.tcp_keepalive_time',
  'net.ipv4.tcp_fin_timeout',
  'net.ipv4.tcp_keepalive_intvl',
  'net.ipv4.tcp_keepalive_probes',
  'net.ipv4.tcp_rmem',
  'net.ipv4.tcp_wmem',
];

/** One pod for each rule of the Pod Security Standards, and similar pods that are allowed. */
export const POD_CASES: readonly PodCase[] = [
  { name: 'a compliant pod', fits: 'restricted' },
  { name: 'hostNetwork', spec: { hostNetwork: true }, fits: 'privileged' },
  { name: 'hostPID', spec: { hostPID: true }, fits: 'privileged' },
  { name: 'hostIPC', spec: { hostIPC: true }, fits: 'privileged' },
  { name: 'hostNetwork false', spec: { hostNetwork: false }, fits: 'restricted' },
  { name: 'privileged', container: context({ privileged: true, allowPrivilegeEscalation: true }), fits: 'privileged' },
  { name: 'privilege escalation', container: context({ allowPrivilegeEscalation: true }), fits: 'baseline' },
  {
    name: 'privilege escalation not set',
    container: context({ allowPrivilegeEscalation: undefined }),
    fits: 'baseline',
  },
  {
    name: 'capability NET_ADMIN',
    container: context({ capabilities: { drop: ['ALL'], add: ['NET_ADMIN'] } }),
    fits: 'privileged',
  },
  {
    name: 'capability SYS_ADMIN',
    container: context({ capabilities: { drop: ['ALL'], add: ['SYS_ADMIN'] } }),
    fits: 'privileged',
  },
  {
    name: 'capability NET_BIND_SERVICE',
    container: context({ capabilities: { drop: ['ALL'], add: ['NET_BIND_SERVICE'] } }),
    fits: 'restricted',
  },
  ...BASELINE_CAPABILITIES.map((capability): PodCase => ({
    name: `capability ${capability}`,
    container: context({ capabilities: { drop: ['ALL'], add: [capability] } }),
    fits: 'baseline',
  })),
  { name: 'no capability dropped', container: context({ capabilities: {} }), fits: 'baseline' },
  { name: 'another capability dropped', container: context({ capabilities: { drop: ['NET_RAW'] } }), fits: 'baseline' },
  { name: 'all dropped in lower case', container: context({ capabilities: { drop: ['all'] } }), fits: 'baseline' },
  { name: 'hostPath', spec: volume('hostPath', { path: '/' }), fits: 'privileged' },
  { name: 'emptyDir', spec: volume('emptyDir', {}), fits: 'restricted' },
  { name: 'configMap', spec: volume('configMap', { name: 'a' }), fits: 'restricted' },
  { name: 'secret', spec: volume('secret', { secretName: 'a' }), fits: 'restricted' },
  {
    name: 'projected',
    spec: volume('projected', { sources: [{ serviceAccountToken: { path: 't' } }] }),
    fits: 'restricted',
  },
  { name: 'downwardAPI', spec: volume('downwardAPI', { items: [] }), fits: 'restricted' },
  { name: 'persistentVolumeClaim', spec: volume('persistentVolumeClaim', { claimName: 'a' }), fits: 'restricted' },
  { name: 'csi', spec: volume('csi', { driver: 'x.io' }), fits: 'restricted' },
  { name: 'nfs', spec: volume('nfs', { server: 'a', path: '/' }), fits: 'baseline' },
  { name: 'iscsi', spec: volume('iscsi', { targetPortal: 'a:1', iqn: 'iqn.2000-01.a:b', lun: 0 }), fits: 'baseline' },
  { name: 'hostPort', container: { ports: [{ containerPort: 80, hostPort: 80 }] }, fits: 'privileged' },
  { name: 'containerPort', container: { ports: [{ containerPort: 80 }] }, fits: 'restricted' },
  {
    name: 'AppArmor disabled for the pod',
    spec: context({ appArmorProfile: { type: 'Unconfined' } }),
    fits: 'privileged',
  },
  {
    name: 'AppArmor disabled for a container',
    container: context({ appArmorProfile: { type: 'Unconfined' } }),
    fits: 'privileged',
  },
  {
    name: 'AppArmor profile of the runtime',
    container: context({ appArmorProfile: { type: 'RuntimeDefault' } }),
    fits: 'restricted',
  },
  {
    name: 'AppArmor disabled by annotation',
    annotations: { 'container.apparmor.security.beta.kubernetes.io/c': 'unconfined' },
    fits: 'privileged',
  },
  {
    name: 'AppArmor profile of the runtime by annotation',
    annotations: { 'container.apparmor.security.beta.kubernetes.io/c': 'runtime/default' },
    fits: 'restricted',
  },
  {
    name: 'SELinux type of a container',
    container: context({ seLinuxOptions: { type: 'container_t' } }),
    fits: 'restricted',
  },
  { name: 'custom SELinux type', container: context({ seLinuxOptions: { type: 'spc_t' } }), fits: 'privileged' },
  { name: 'SELinux user', spec: context({ seLinuxOptions: { user: 'root' } }), fits: 'privileged' },
  { name: 'SELinux role', spec: context({ seLinuxOptions: { role: 'sysadm_r' } }), fits: 'privileged' },
  { name: 'SELinux level', spec: context({ seLinuxOptions: { level: 's0:c1,c2' } }), fits: 'restricted' },
  {
    name: 'seccomp disabled for the pod',
    spec: context({ seccompProfile: { type: 'Unconfined' } }),
    fits: 'privileged',
  },
  {
    name: 'seccomp disabled for a container',
    container: context({ seccompProfile: { type: 'Unconfined' } }),
    fits: 'privileged',
  },
  { name: 'seccomp not set', spec: context({ seccompProfile: undefined }), fits: 'baseline' },
  {
    name: 'seccomp set by the container only',
    spec: context({ seccompProfile: undefined }),
    container: context({ seccompProfile: { type: 'RuntimeDefault' } }),
    fits: 'restricted',
  },
  {
    name: 'seccomp from a local file',
    container: context({ seccompProfile: { type: 'Localhost', localhostProfile: 'a.json' } }),
    fits: 'restricted',
  },
  ...SAFE_SYSCTLS.map((name): PodCase => ({
    name: `sysctl ${name}`,
    spec: context({ sysctls: [{ name, value: '1' }] }),
    fits: 'restricted',
  })),
  {
    name: 'sysctl kernel.msgmax',
    spec: context({ sysctls: [{ name: 'kernel.msgmax', value: '1' }] }),
    fits: 'privileged',
  },
  {
    name: 'sysctl net.core.somaxconn',
    spec: context({ sysctls: [{ name: 'net.core.somaxconn', value: '1' }] }),
    fits: 'privileged',
  },
  { name: 'non-root not set', spec: context({ runAsNonRoot: undefined }), fits: 'baseline' },
  {
    name: 'non-root set by the container only',
    spec: context({ runAsNonRoot: undefined }),
    container: context({ runAsNonRoot: true }),
    fits: 'restricted',
  },
  { name: 'non-root denied by a container', container: context({ runAsNonRoot: false }), fits: 'baseline' },
  { name: 'non-root denied by the pod', spec: context({ runAsNonRoot: false }), fits: 'baseline' },
  { name: 'user 0 of the pod', spec: context({ runAsUser: 0 }), fits: 'baseline' },
  { name: 'user 0 of a container', container: context({ runAsUser: 0 }), fits: 'baseline' },
  { name: 'user 1000', spec: context({ runAsUser: 1000 }), fits: 'restricted' },
  {
    name: 'root in its own user namespace',
    spec: { hostUsers: false, ...context({ runAsNonRoot: undefined }) },
    fits: 'baseline',
    serverFits: 'restricted',
  },
  { name: 'probe of another host', container: probe({ httpGet: { port: 80, host: '10.0.0.1' } }), fits: 'privileged' },
  { name: 'probe of loopback', container: probe({ tcpSocket: { port: 80, host: '127.0.0.1' } }), fits: 'privileged' },
  { name: 'probe of itself', container: probe({ httpGet: { port: 80 } }), fits: 'restricted' },
  {
    name: 'handler of another host',
    container: { lifecycle: { preStop: { httpGet: { port: 80, host: 'a.example' } } } },
    fits: 'privileged',
  },
  {
    name: 'windows',
    spec: { os: { name: 'windows' }, ...context({ seccompProfile: undefined }) },
    container: context({ allowPrivilegeEscalation: undefined, capabilities: undefined }),
    fits: 'restricted',
  },
  {
    name: 'a privileged initContainer',
    spec: {
      initContainers: [container({ name: 'i', securityContext: { privileged: true, allowPrivilegeEscalation: true } })],
    },
    fits: 'privileged',
  },
  {
    name: 'an initContainer with privilege escalation',
    spec: { initContainers: [container({ name: 'i', securityContext: { allowPrivilegeEscalation: true } })] },
    fits: 'baseline',
  },
];
