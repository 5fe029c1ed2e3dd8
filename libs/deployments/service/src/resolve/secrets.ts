import type { ResolvedSpec, SecretRef } from '#deployments/contract';
import type { ImageWorkload } from '#kubernetes';
import type { InputError } from '#kernel';

/** Versions of secrets by key. */
export type Secrets = Readonly<Record<string, SecretRef>>;

/** Returns the keys of the application secrets that a workload refers to. */
const secretKeysOf = ({ env, configFiles }: Pick<ImageWorkload, 'env' | 'configFiles'>): string[] => [
  ...new Set([
    ...env.flatMap((variable) =>
      'secret' in variable && variable.secret.secretName === undefined ? [variable.secret.key] : [],
    ),
    ...configFiles.flatMap((file) => ('secret' in file ? [file.secret] : [])),
  ]),
];

/** Returns the secrets that a workload refers to; undefined if it refers to none. */
export function usedSecrets(
  workload: Pick<ImageWorkload, 'env' | 'configFiles'>,
  secrets: Secrets,
): Secrets | undefined {
  const used = secretKeysOf(workload).flatMap((key) => {
    const secret = Object.hasOwn(secrets, key) ? secrets[key] : undefined;
    return secret ? [[key, secret] as const] : [];
  });
  return used.length === 0 ? undefined : Object.fromEntries(used);
}

/** Returns the secrets of a revision by key. */
export const secretsIn = ({ source }: Pick<ResolvedSpec, 'source'>): Secrets =>
  source.type === 'image' ? (source.secrets ?? {}) : {};

/**
 * Returns the content with other versions of its secrets.
 * @param changed the present versions of these keys; undefined for a secret that was removed
 * @returns undefined if the content uses none of them, or uses these versions already
 */
export function withSecrets(
  content: ResolvedSpec,
  changed: ReadonlyMap<string, SecretRef | undefined>,
): ResolvedSpec | undefined {
  const { source } = content;
  if (source.type !== 'image') return undefined;
  const before = secretsIn(content);
  const isOther = secretKeysOf(source.workload).some(
    (key) => changed.has(key) && changed.get(key)?.record !== before[key]?.record,
  );
  if (!isOther) return undefined;
  const all = new Map<string, SecretRef | undefined>([...Object.entries(before), ...changed]);
  const present = [...all].flatMap(([key, secret]) => (secret ? [[key, secret] as const] : []));
  const secrets = usedSecrets(source.workload, Object.fromEntries(present));
  return { ...content, source: { type: 'image', workload: source.workload, ...(secrets && { secrets }) } };
}

/** Returns the keys that a revision refers to and that have no value, with their places in the spec. */
export function missingSecrets({ source }: Pick<ResolvedSpec, 'source'>): {
  readonly keys: readonly string[];
  readonly errors: readonly InputError[];
} {
  if (source.type !== 'image') return { keys: [], errors: [] };
  const { secrets = {}, workload } = source;
  const keys = secretKeysOf(workload).filter((key) => !Object.hasOwn(secrets, key));
  const usersOf = (key: string): string[] => [
    ...workload.env.flatMap((variable) =>
      'secret' in variable && variable.secret.key === key ? [`env ${variable.name}`] : [],
    ),
    ...workload.configFiles.flatMap((file) => ('secret' in file && file.secret === key ? [`file ${file.path}`] : [])),
  ];
  const errors = keys.map((key) => ({
    pointer: '/source/image',
    message: `needs the secret ${key} for ${usersOf(key).join(', ')}; set it with: astroctl app secrets set ${workload.name} ${key}`,
  }));
  return { keys, errors };
}
