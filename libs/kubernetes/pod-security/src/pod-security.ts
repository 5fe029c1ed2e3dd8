import { at, isRecord, list, number, record, text, type JsonRecord } from '#kubernetes/json';

export type PodSecurityLevel = 'restricted' | 'baseline' | 'privileged';

/** A violation of the Pod Security Standards. */
export interface PodViolation {
  /** Name of the rule, usually the field: `hostPath`, `privileged`. */
  readonly rule: string;
  /** Path from the pod's spec. */
  readonly path: readonly (string | number)[];
  /** Describes the violation, without a full stop. */
  readonly detail: string;
  /** The least restrictive level that would allow it. */
  readonly allowedBy: 'baseline' | 'privileged';
}

const BASELINE_CAPABILITIES = [
  'AUDIT_WRITE',
  'CHOWN',
  'DAC_OVERRIDE',
  'FOWNER',
  'FSETID',
  'KILL',
  'MKNOD',
  'NET_BIND_SERVICE',
  'SETFCAP',
  'SETGID',
  'SETPCAP',
  'SETUID',
  'SYS_CHROOT',
];
const SELINUX_TYPES = ['', 'container_t', 'container_init_t', 'container_kvm_t', 'container_engine_t'];
const SYSCTLS = [
  'kernel.shm_rmid_forced',
  ...[
    'ip_local_port_range',
    'ip_unprivileged_port_start',
    'tcp_syncookies',
    'ping_group_range',
    'ip_local_reserved_ports',
    'tcp_keepalive_time',
    'tcp_keepalive_intvl',
    'tcp_keepalive_probes',
    'tcp_fin_timeout',
    'tcp_rmem',
    'tcp_wmem',
  ].map((name) => `net.ipv4.${name}`),
];
const RESTRICTED_VOLUMES = [
  'configMap',
  'csi',
  'downwardAPI',
  'emptyDir',
  'ephemeral',
  'image',
  'persistentVolumeClaim',
  'projected',
  'secret',
];
const CONTAINER_LISTS = ['initContainers', 'containers', 'ephemeralContainers'] as const;
const APPARMOR = 'container.apparmor.security.beta.kubernetes.io/';

/**
 * Returns how a pod's spec violates a level (kubernetes.io/docs/concepts/security/pod-security-standards, 1.36).
 * Stricter than the server in one case: pods with their own user namespace (`hostUsers: false`) must also run as
 * non-root.
 * @param annotations of the pod, for the older notation of AppArmor profiles
 */
export function podViolations(
  spec: JsonRecord,
  level: PodSecurityLevel,
  annotations: JsonRecord = {},
): readonly PodViolation[] {
  if (level === 'privileged') return [];
  const found = baseline(spec, annotations);
  return level === 'baseline' ? found : [...found, ...restricted(spec)];
}

interface Container {
  readonly container: JsonRecord;
  readonly path: readonly (string | number)[];
}

const containersOf = (spec: JsonRecord): readonly Container[] =>
  CONTAINER_LISTS.flatMap((member) =>
    list(spec[member]).flatMap((container, index) =>
      isRecord(container) ? [{ container, path: [member, index] }] : [],
    ),
  );

/** Returns the security contexts of the pod and of each container, with their paths. */
const contextsOf = (
  spec: JsonRecord,
): readonly { readonly context: JsonRecord; readonly path: readonly (string | number)[] }[] => [
  { context: record(spec['securityContext']), path: ['securityContext'] },
  ...containersOf(spec).map(({ container, path }) => ({
    context: record(container['securityContext']),
    path: [...path, 'securityContext'],
  })),
];

function baseline(spec: JsonRecord, annotations: JsonRecord): PodViolation[] {
  const found: PodViolation[] = [];
  const add = (rule: string, path: readonly (string | number)[], detail: string) =>
    found.push({ rule, path, detail, allowedBy: 'privileged' });

  for (const member of ['hostNetwork', 'hostPID', 'hostIPC'])
    if (spec[member] === true) add(member, [member], `${member} is true`);
  list(spec['volumes']).forEach((volume, index) => {
    if (at(volume, 'hostPath') !== undefined) add('hostPath', ['volumes', index, 'hostPath'], 'a volume uses hostPath');
  });
  for (const [name, profile] of Object.entries(annotations)) {
    if (name.startsWith(APPARMOR) && profile !== 'runtime/default' && !String(profile).startsWith('localhost/'))
      add('appArmor', ['metadata', 'annotations', name], 'AppArmor is disabled');
  }
  list(at(spec, 'securityContext', 'sysctls')).forEach((sysctl, index) => {
    const name = text(at(sysctl, 'name')) ?? '';
    if (!SYSCTLS.includes(name.replaceAll('/', '.')))
      add('sysctls', ['securityContext', 'sysctls', index], `the sysctl ${name} is not a safe sysctl`);
  });
  for (const { context, path } of contextsOf(spec)) {
    const profile = text(at(context, 'appArmorProfile', 'type'));
    if (profile !== undefined && profile !== 'RuntimeDefault' && profile !== 'Localhost')
      add('appArmor', [...path, 'appArmorProfile'], 'AppArmor is disabled');
    const type = text(at(context, 'seLinuxOptions', 'type'));
    if (type !== undefined && !SELINUX_TYPES.includes(type))
      add('seLinux', [...path, 'seLinuxOptions', 'type'], `the SELinux type ${type} is not allowed`);
    for (const member of ['user', 'role'])
      if ((text(at(context, 'seLinuxOptions', member)) ?? '') !== '')
        add('seLinux', [...path, 'seLinuxOptions', member], `an SELinux ${member} is set`);
    if (at(context, 'seccompProfile', 'type') === 'Unconfined')
      add('seccomp', [...path, 'seccompProfile'], 'seccomp is disabled');
    if (at(context, 'windowsOptions', 'hostProcess') === true)
      add('hostProcess', [...path, 'windowsOptions', 'hostProcess'], 'the process would run on the host');
  }
  for (const { container, path } of containersOf(spec)) {
    const context = record(container['securityContext']);
    if (context['privileged'] === true)
      add('privileged', [...path, 'securityContext', 'privileged'], 'a container is privileged');
    const procMount = text(context['procMount']);
    if (
      procMount !== undefined &&
      procMount !== 'Default' &&
      !(procMount === 'Unmasked' && spec['hostUsers'] === false)
    )
      add('procMount', [...path, 'securityContext', 'procMount'], '/proc is unmasked');
    for (const capability of list(at(context, 'capabilities', 'add'))) {
      if (!BASELINE_CAPABILITIES.includes(String(capability)))
        add(
          'capabilities',
          [...path, 'securityContext', 'capabilities', 'add'],
          `the capability ${String(capability)} is added`,
        );
    }
    list(container['ports']).forEach((port, index) => {
      if ((number(at(port, 'hostPort')) ?? 0) !== 0)
        add('hostPort', [...path, 'ports', index, 'hostPort'], 'a hostPort is used');
    });
    for (const handler of [
      ['livenessProbe'],
      ['readinessProbe'],
      ['startupProbe'],
      ['lifecycle', 'postStart'],
      ['lifecycle', 'preStop'],
    ]) {
      for (const kind of ['httpGet', 'tcpSocket']) {
        if ((text(at(container, ...handler, kind, 'host')) ?? '') !== '')
          add('probeHost', [...path, ...handler, kind, 'host'], 'a probe names another host');
      }
    }
  }
  return found;
}

function restricted(spec: JsonRecord): PodViolation[] {
  const found: PodViolation[] = [];
  const add = (rule: string, path: readonly (string | number)[], detail: string) =>
    found.push({ rule, path, detail, allowedBy: 'baseline' });
  const windows = at(spec, 'os', 'name') === 'windows';
  const pod = record(spec['securityContext']);

  list(spec['volumes']).forEach((volume, index) => {
    const kind = Object.keys(record(volume)).find(
      (member) => member !== 'name' && !RESTRICTED_VOLUMES.includes(member),
    );
    if (kind !== undefined && kind !== 'hostPath')
      add('volumes', ['volumes', index, kind], `a volume is of type ${kind}`);
  });
  if (pod['runAsNonRoot'] === false) add('runAsNonRoot', ['securityContext', 'runAsNonRoot'], 'runAsNonRoot is false');
  if (pod['runAsUser'] === 0) add('runAsUser', ['securityContext', 'runAsUser'], 'the pod runs as root');
  for (const { container, path } of containersOf(spec)) {
    const context = record(container['securityContext']);
    const where = [...path, 'securityContext'];
    const name = text(container['name']) ?? String(path[1]);
    if (context['runAsNonRoot'] === false || (context['runAsNonRoot'] !== true && pod['runAsNonRoot'] !== true))
      add('runAsNonRoot', [...where, 'runAsNonRoot'], `container ${name} does not set runAsNonRoot: true`);
    if (context['runAsUser'] === 0) add('runAsUser', [...where, 'runAsUser'], `container ${name} runs as root`);
    if (windows) continue;
    if (context['allowPrivilegeEscalation'] !== false)
      add(
        'allowPrivilegeEscalation',
        [...where, 'allowPrivilegeEscalation'],
        `container ${name} does not set allowPrivilegeEscalation: false`,
      );
    const seccomp = text(at(context, 'seccompProfile', 'type')) ?? text(at(pod, 'seccompProfile', 'type'));
    if (seccomp !== 'RuntimeDefault' && seccomp !== 'Localhost')
      add('seccomp', [...where, 'seccompProfile'], `container ${name} has no seccompProfile RuntimeDefault`);
    if (!list(at(context, 'capabilities', 'drop')).includes('ALL'))
      add('capabilities', [...where, 'capabilities', 'drop'], `container ${name} does not drop ALL capabilities`);
    for (const capability of list(at(context, 'capabilities', 'add'))) {
      if (capability !== 'NET_BIND_SERVICE')
        add(
          'capabilities',
          [...where, 'capabilities', 'add'],
          `container ${name} adds the capability ${String(capability)}`,
        );
    }
  }
  return found;
}
