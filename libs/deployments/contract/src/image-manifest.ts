import { z } from 'zod';
import {
  absolutePath,
  byteQuantity,
  cpuQuantity,
  dnsLabel,
  exactlyOneOf,
  field,
  percent,
  port,
} from './manifest-fields.ts';
import { scheduleFields } from './schedule-fields.ts';
import { secretKey } from './secret-keys.ts';

const amounts = (cpu: string, memory: string) =>
  z.strictObject({
    cpu: field(cpuQuantity, 'Cores, such as 250m or 1.', cpu).optional(),
    memory: field(byteQuantity, 'Bytes, such as 512Mi or 1Gi.', memory).optional(),
  });

/** Requests and limits, as in a Kubernetes container. */
export const resourcesSchema = z.strictObject({
  requests: field(amounts('250m', '256Mi'), 'CPU and memory that a node must have available for a pod.', {
    cpu: '250m',
    memory: '256Mi',
  }).optional(),
  limits: field(
    amounts('1', '512Mi'),
    'Maximum CPU and memory of a pod. A pod is killed above the memory limit, and throttled at the CPU limit.',
    { cpu: '1', memory: '512Mi' },
  ).optional(),
});

const variableName = field(
  z.string().regex(/^[A-Za-z_][A-Za-z0-9_.-]{0,252}$/, 'is not the name of an environment variable'),
  'Name of the variable.',
  'LOG_LEVEL',
);

/** Fields that the downward API offers for variables (kubernetes.io/docs/concepts/workloads/pods/downward-api). */
const FIELD_REF =
  /^(?:metadata\.(?:name|namespace|uid)|metadata\.(?:labels|annotations)\['[^'\]]{1,317}'\]|spec\.(?:nodeName|serviceAccountName)|status\.(?:hostIP|hostIPs|podIP|podIPs))$/;

const variable = z.union(
  [
    z.strictObject({
      name: variableName,
      value: field(
        z.string().max(32_768),
        'Value of the variable. Do not use it for secrets: all members can read it.',
        'debug',
      ),
    }),
    z.strictObject({
      name: variableName,
      secret: field(
        secretKey,
        'Key of an application secret (astroctl app secrets set). A new value restarts the pods.',
        'DATABASE_URL',
      ),
    }),
    z.strictObject({
      name: variableName,
      fieldRef: field(
        z
          .string()
          .max(400)
          .regex(
            FIELD_REF,
            "must be a field of the Kubernetes downward API: metadata.name, metadata.namespace, metadata.uid, metadata.labels['KEY'], metadata.annotations['KEY'], spec.nodeName, spec.serviceAccountName, status.hostIP, status.hostIPs, status.podIP, or status.podIPs",
          ),
        'Field of the pod, as in the Kubernetes downward API.',
        'status.podIP',
      ),
    }),
  ],
  { error: 'must have name and one of value, secret, fieldRef' },
);

const filePath = field(absolutePath(512), 'Path of the file in the container.', '/etc/app/config.yaml');

const configFile = z.union(
  [
    z.strictObject({
      path: filePath,
      content: field(z.string().max(262_144), 'Content of the file. Do not use it for secrets.', 'log: debug\n'),
    }),
    z.strictObject({
      path: filePath,
      secret: field(secretKey, 'Key of an application secret whose value is the content.', 'tls.key'),
    }),
  ],
  { error: 'must have path and one of content, secret' },
);

/** `ReadWriteOnce`: pods of one node; `ReadWriteMany`: pods of all nodes, if the storage class supports it. */
const ACCESS_MODES = ['ReadWriteOnce', 'ReadWriteMany'] as const;

/** Name of the volume of configuration files in a rendered pod. Other volumes must not use it. */
const FILES_VOLUME = 'config-files';
/** Name of the main port in a rendered pod and in its Service. */
const MAIN_PORT = 'http';
const SERVICE_PORT = 80;

/** Fields of an image application for which a profile can set defaults. */
const imageFields = {
  port: field(
    z.union([port, z.literal('none')], { error: 'must be a port between 1 and 65535, or none' }),
    'Port on which the container serves HTTP. Defaults to 8080. Set none for a container that listens on no port.',
    3000,
  ).optional(),
  ports: field(
    z
      .array(
        z.strictObject({
          name: field(dnsLabel(15), 'Name of the port.', 'metrics'),
          port: field(port, 'Port number, in the container and in the Service.', 9090),
          protocol: field(z.enum(['TCP', 'UDP']), 'Protocol.', 'TCP').default('TCP'),
        }),
      )
      .max(32),
    'Additional ports, reachable inside the cluster with the same numbers.',
    [{ name: 'metrics', port: 9090 }],
  ).optional(),
  command: field(z.array(z.string().max(4_096)).max(64), 'Command to run instead of the entry point of the image.', [
    '/app/server',
  ]).optional(),
  args: field(z.array(z.string().max(4_096)).max(256), 'Arguments of the command.', ['--log', 'json']).optional(),
  env: field(z.array(variable).max(500), 'Environment variables.', [
    { name: 'LOG_LEVEL', value: 'debug' },
    { name: 'DATABASE_URL', secret: 'DATABASE_URL' },
    { name: 'POD_IP', fieldRef: 'status.podIP' },
  ]).optional(),
  resources: field(
    resourcesSchema,
    'CPU and memory of each pod. Omitted values are taken from the profile, then from its availability tier.',
    { limits: { memory: '512Mi' } },
  ).optional(),
  replicas: field(
    z.number().int().min(1).max(1_000),
    'Number of pods, within the limits of the availability tier. Cannot be combined with autoscaling.',
    2,
  ).optional(),
  autoscaling: field(
    z
      .strictObject({
        min: field(z.number().int().min(1).max(1_000), 'Minimum number of pods.', 2),
        max: field(z.number().int().min(1).max(1_000), 'Maximum number of pods.', 6),
        cpu: field(
          percent,
          'Target CPU usage, in percent of the request. Defaults to 80 if memory is not set either.',
          80,
        ).optional(),
        memory: field(percent, 'Target memory usage, in percent of the request.', 80).optional(),
      })
      .refine(({ min, max }) => min <= max, 'min must not be above max'),
    'Adjusts the number of pods to their CPU or memory usage.',
    { min: 2, max: 6, cpu: 70 },
  ).optional(),
  health: field(
    z.strictObject({
      path: field(
        z.string().max(1_024).regex(/^\//, 'must begin with /'),
        'Path that returns a status from 200 to 399 while the container can serve requests.',
        '/healthz',
      ),
      port: field(port, 'Port of the health check. Defaults to the main port.', 8081).optional(),
      initialDelaySeconds: field(
        z.number().int().min(0).max(3_600),
        'Seconds before the first check. Defaults to 0.',
        5,
      ).optional(),
      periodSeconds: field(
        z.number().int().min(1).max(3_600),
        'Seconds between checks. Defaults to 10.',
        10,
      ).optional(),
      timeoutSeconds: field(
        z.number().int().min(1).max(600),
        'Seconds to wait for a response. Defaults to 3.',
        3,
      ).optional(),
      failureThreshold: field(
        z.number().int().min(1).max(100),
        'Number of failed checks in a row after which the pod gets no more traffic. Defaults to 3.',
        3,
      ).optional(),
    }),
    'Health check of the container. Without it, the container is healthy when its port is open.',
    { path: '/healthz' },
  ).optional(),
  volumes: field(
    z
      .array(
        z.strictObject({
          name: field(dnsLabel(50), 'Name of the volume.', 'data'),
          size: field(
            byteQuantity,
            'Size of the volume. It can grow later if the storage class allows it, but not shrink.',
            '10Gi',
          ),
          storageClass: field(
            dnsLabel(63),
            'StorageClass on the cluster. Defaults to the default class of the cluster.',
            'fast',
          ).optional(),
          mountPath: field(absolutePath(512), 'Directory in the container.', '/data'),
          accessMode: field(
            z.enum(ACCESS_MODES),
            'ReadWriteOnce, the default, allows one replica. Several replicas and autoscaling require ReadWriteMany and a storage class that supports it.',
            'ReadWriteMany',
          ).optional(),
        }),
      )
      .max(20),
    'Persistent volumes, kept across pods and revisions.',
    [{ name: 'data', size: '10Gi', mountPath: '/data' }],
  ).optional(),
  configFiles: field(
    z.array(configFile).max(50),
    'Files that are mounted into the container. A change restarts the pods.',
    [{ path: '/etc/app/config.yaml', content: 'log: debug\n' }],
  ).optional(),
  strategy: field(
    z.enum(['rolling', 'recreate']),
    'How a new revision replaces the old one: rolling starts new pods first, recreate stops the old ones first. Defaults to rolling, or to recreate if a volume has the access mode ReadWriteOnce.',
    'rolling',
  ).optional(),
  imagePullSecret: field(
    dnsLabel(63),
    'Secret of type kubernetes.io/dockerconfigjson in the target namespace, for private images. Defaults to one with the credential of the registry, if the organization has such a credential with a user (astroctl credentials set).',
    'registry',
  ).optional(),
  runAsUser: field(
    z.number().int().min(1, 'must be 1 or higher: 0 is root').max(2_147_483_647),
    'User ID of the process, for images that run as root by default.',
    1000,
  ).optional(),
};

/** Fields of an image that can conflict with each other. */
export interface ImageFieldsInUse {
  readonly port?: number | 'none' | undefined;
  readonly ports?: readonly { readonly name: string; readonly port: number; readonly protocol?: string }[] | undefined;
  readonly env?: readonly { readonly name: string }[] | undefined;
  readonly volumes?: readonly { readonly name: string; readonly mountPath: string }[] | undefined;
  readonly configFiles?: readonly { readonly path: string }[] | undefined;
}

/** A field that conflicts with another one. */
export interface FieldConflict {
  /** Path relative to the fields of the image. */
  readonly path: readonly (string | number)[];
  readonly message: string;
}

/** Returns the list entries that Kubernetes would reject as duplicates, or of which one would hide the other. */
export function conflictsIn({
  port: main,
  ports = [],
  env = [],
  volumes = [],
  configFiles = [],
}: ImageFieldsInUse): FieldConflict[] {
  const found: FieldConflict[] = [];
  const unique = <T>(
    member: string,
    items: readonly T[],
    keyOf: (item: T) => string,
    key: keyof T & string,
    taken: ReadonlyMap<string, string> = new Map(),
  ) => {
    const seen = new Map(taken);
    items.forEach((item, index) => {
      const first = seen.get(keyOf(item));
      if (first !== undefined) found.push({ path: [member, index, key], message: first });
      else seen.set(keyOf(item), `is the same as in ${member}[${index}]`);
    });
    return seen;
  };
  const numbers = new Map([[`${SERVICE_PORT}/TCP`, 'is the port of the Service itself; use another port']]);
  if (typeof main === 'number')
    numbers.set(`${main}/TCP`, 'is the main port of the container already; use another port');
  unique('ports', ports, ({ port: number, protocol = 'TCP' }) => `${number}/${protocol}`, 'port', numbers);
  unique(
    'ports',
    ports,
    ({ name }) => name,
    'name',
    new Map([[MAIN_PORT, 'is the name of the main port; use another name']]),
  );
  unique('env', env, ({ name }) => name, 'name');
  unique(
    'volumes',
    volumes,
    ({ name }) => name,
    'name',
    new Map([[FILES_VOLUME, 'is reserved for configFiles; use another name']]),
  );
  const folder = (path: string): string => path.replace(/(?<=.)\/+$/, '');
  const mounts = unique('volumes', volumes, ({ mountPath }) => folder(mountPath), 'mountPath');
  unique('configFiles', configFiles, ({ path }) => folder(path), 'path', mounts);
  return found;
}

const withoutConflicts = (fields: ImageFieldsInUse, context: z.RefinementCtx): void => {
  for (const { path, message } of conflictsIn(fields)) context.addIssue({ code: 'custom', path: [...path], message });
};

/** Fields of applications that serve requests, which a schedule excludes. */
const SERVING = ['replicas', 'autoscaling', 'ports', 'health', 'strategy'] as const;
/** Fields that a schedule requires. */
const SCHEDULED = ['timeZone', 'concurrencyPolicy'] as const;

function withoutServing(
  image: { readonly schedule?: string | undefined } & {
    readonly [F in (typeof SERVING)[number] | (typeof SCHEDULED)[number]]?: unknown;
  },
  context: z.RefinementCtx,
): void {
  const [fields, message] =
    image.schedule === undefined
      ? ([SCHEDULED, 'needs schedule'] as const)
      : ([
          SERVING,
          'cannot be combined with schedule, because the pods only run at its times and serve no requests',
        ] as const);
  for (const member of fields)
    if (image[member] !== undefined) context.addIssue({ code: 'custom', path: [member], message });
}

/** Defaults that a profile sets for its image applications. */
export const imageDefaultsSchema = z.strictObject(imageFields).superRefine(withoutConflicts);

/** Source of an image application. */
export const imageSourceSchema = exactlyOneOf(
  z
    .strictObject({
      registry: field(
        z
          .string()
          .max(253)
          .regex(
            /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:\d{1,5})?$/,
            'must be a host with an optional port, without user or scheme',
          ),
        'Host of the registry. Defaults to Docker Hub.',
        'images.acme.dev',
      ).optional(),
      repository: field(
        z
          .string()
          .max(255)
          .regex(
            /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/,
            'must be the path of an image in lower case, without registry, tag, or digest',
          ),
        'Path of the image in the registry.',
        'shop/web',
      ),
      tag: field(
        z
          .string({ error: 'must be text; quote it' })
          .regex(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/, 'must be a tag: at most 128 letters, digits, and _ . -'),
        'Tag of the image. Either tag or digest is required.',
        '1.4.2',
      ).optional(),
      digest: field(
        z.string().regex(/^sha256:[0-9a-f]{64}$/, 'must be sha256: and 64 hex digits'),
        'Digest of the image. It identifies the exact content, even if tags change.',
        'sha256:9f2c41d07b3e5a6c8d1e0f2a3b4c5d6e7f8091a2b3c4d5e6f708192a3b4c5d6e',
      ).optional(),
      ...imageFields,
      ...scheduleFields,
    })
    .superRefine(withoutConflicts)
    .superRefine(withoutServing),
  ['tag', 'digest'],
);
