import { MAX_ADOPTED, type AdoptableObject } from '#deployments/contract';
import type {
  ApplicationHealth,
  FailureCode,
  FieldConflict,
  ManifestError,
  ObjectKey,
  PlanError,
  RefusalCode,
} from '#kubernetes';

/** Why an attempt failed: a stable code, one sentence, and how to fix it. */
export interface Failure {
  readonly code: string;
  /** One sentence without a final period. It never contains a value of a Secret. */
  readonly message: string;
  readonly fix: string | null;
  /** Objects that belong to no application. Only the first ones are listed. */
  readonly adoptable?: AdoptableObject[];
}

/** Error of a call to a cluster as plain data, so that rules can be tested without error classes. */
export type ClusterError =
  | {
      readonly kind: 'answer';
      readonly status: number;
      readonly reason: string;
      readonly message: string;
      readonly conflicts: readonly FieldConflict[];
    }
  | { readonly kind: 'silence'; readonly why: string; readonly message: string };

/** Whether an error is retried. `atMost`: number of retries; defaults to as many as the attempt's patience allows. */
export type Verdict =
  | { readonly retry: true; readonly cause: string; readonly atMost?: number }
  | { readonly retry: false; readonly failure: Failure };

/** Maps failure codes of the library to codes of the error reference. */
export const FAILURE_CODES: Record<FailureCode, string> = {
  'deployments/image-not-found': 'deployments/image-not-found',
  'deployments/image-pull-denied': 'deployments/image-pull-denied',
  'deployments/image-name-invalid': 'deployments/image-name-invalid',
  'deployments/container-crashed': 'deployments/crash-loop',
  'deployments/out-of-memory': 'deployments/out-of-memory',
  'deployments/config-missing': 'deployments/config-missing',
  'deployments/runs-as-root': 'deployments/runs-as-root',
  'deployments/no-capacity': 'deployments/unschedulable',
  'deployments/health-check-failed': 'deployments/health-check-failed',
  'deployments/quota-limit': 'deployments/quota-exceeded',
  'deployments/pod-security': 'deployments/pod-security',
  'deployments/rollout-stuck': 'deployments/rollout-timeout',
  'deployments/job-failed': 'deployments/job-failed',
  'deployments/volume-not-bound': 'deployments/volume-not-bound',
  'deployments/scale-failed': 'deployments/scale-failed',
  'deployments/update-blocked': 'deployments/update-blocked',
};

const REFUSAL_CODES: Record<RefusalCode, string> = {
  'deployments/owned-by-other': 'deployments/owned-by-other',
  'deployments/field-conflict': 'deployments/conflict',
  'deployments/forbidden-on-cluster': 'deployments/forbidden-on-cluster',
  'deployments/immutable-field': 'deployments/immutable-field',
  'deployments/invalid-manifest': 'deployments/invalid-manifest',
  'deployments/unknown-kind': 'deployments/unknown-kind',
  'deployments/quota-limit': 'deployments/quota-exceeded',
  'deployments/denied-by-cluster': 'deployments/denied-by-cluster',
  'deployments/namespace-terminating': 'deployments/namespace-terminating',
  'deployments/object-terminating': 'deployments/object-terminating',
  'deployments/object-too-large': 'deployments/object-too-large',
};

/** How to fix workloads that do not start, if the failure has no specific fix. */
const FIXES: Readonly<Record<string, string>> = {
  'deployments/image-not-found': 'correct spec.source.image.tag and apply again',
  'deployments/image-pull-denied': 'set spec.source.image.imagePullSecret and apply again',
  'deployments/image-name-invalid': 'correct spec.source.image and apply again',
  'deployments/crash-loop': 'see why it exits: astroctl app logs APP --previous',
  'deployments/out-of-memory': 'raise spec.source.image.resources.limits.memory and apply again',
  'deployments/config-missing':
    'create the missing object in the target namespace, or correct its name, and apply again',
  'deployments/runs-as-root': 'add runAsUser: 1000 to spec.source.image and apply again',
  'deployments/unschedulable': 'request less cpu or memory in spec.source.image.resources, or add nodes',
  'deployments/health-check-failed':
    'correct spec.source.image.health or spec.source.image.port (none if the program listens on no port), and apply again',
  'deployments/quota-exceeded': 'request less in spec.source.image.resources, or raise the quota of the namespace',
  'deployments/pod-security': 'correct these fields and apply again, or see: astroctl clusters policy get CLUSTER',
  'deployments/rollout-timeout': 'see why: astroctl app events APP -k',
  'deployments/job-failed': 'see why it exits: astroctl app logs APP --previous',
  'deployments/hook-failed': 'see why: astroctl app logs APP; correct it and apply again',
  'deployments/scale-failed': 'correct spec.scaleTargetRef of the HorizontalPodAutoscaler and apply again',
  'deployments/volume-not-bound': 'correct spec.source.image.volumes, or give the cluster a storage class',
};

const cut = (sentence: string, most = 1_000): string => {
  const plain = sentence.replace(/\s+/g, ' ').trim().replace(/\.$/, '');
  return plain.length > most ? `${plain.slice(0, most - 1)}…` : plain;
};

/** @param app name of the application, for commands in the fix */
export const fixOf = (code: string, app: string): string | null => FIXES[code]?.replaceAll('APP', app) ?? null;

/** The first error decides the code. The others are listed if they are few, otherwise counted. */
export function failureOfManifestErrors(findings: readonly ManifestError[]): Failure {
  const [first, ...rest] = findings;
  if (!first) return { code: 'deployments/invalid-manifest', message: 'the manifests are invalid', fix: null };
  const others = rest.slice(0, 4).map(({ detail }) => cut(detail, 300));
  const more = rest.length > others.length ? `; and ${rest.length - others.length} more` : '';
  return {
    code: first.code,
    message: cut([cut(first.detail, 600), ...others].join('; ') + more, 3_000),
    fix: first.fix ?? null,
  };
}

type Refusal = Pick<PlanError, 'code' | 'detail' | 'fix' | 'adoption'> & { readonly key: ObjectKey };

/** Returns the failure of a plan that the cluster rejected. */
export function failureOfPlanErrors(
  refusals: readonly Refusal[],
  { app, shortName }: { readonly app: string; readonly shortName: (key: ObjectKey) => string },
): Failure {
  const [first, ...rest] = refusals;
  if (!first) return { code: 'deployments/denied-by-cluster', message: 'the cluster refused the plan', fix: null };
  const others = rest.slice(0, 4).map(({ detail }) => cut(detail, 300));
  const more = rest.length > others.length ? `; and ${rest.length - others.length} more` : '';
  return {
    code: REFUSAL_CODES[first.code],
    message: cut([cut(first.detail, 600), ...others].join('; ') + more, 3_000),
    fix: (first.adoption && `take it over: astroctl app adopt ${app}; or use another name`) ?? first.fix ?? null,
    ...adoptableIn(refusals, shortName),
  };
}

/** Maximum size of all fields of adoptable objects in UTF-16 code units. An event has at most 64 KiB. */
const FIELDS_SIZE = 20_000;
const MAX_MANAGERS = 10;
const MAX_FIELDS = 20;

function adoptableIn(refusals: readonly Refusal[], shortName: (key: ObjectKey) => string): Pick<Failure, 'adoptable'> {
  let left = FIELDS_SIZE;
  const shown = (fields: readonly string[]): string[] => {
    const most = fields
      .slice(0, fields.length > MAX_FIELDS ? MAX_FIELDS - 1 : MAX_FIELDS)
      .map((field) => cut(field, 400));
    left -= most.join().length;
    const kept = left > 0 ? most : [];
    return kept.length === fields.length ? kept : [...kept, `${fields.length - kept.length} more fields`];
  };
  const adoptable = refusals.flatMap(({ key, adoption }): AdoptableObject[] => {
    if (!adoption) return [];
    const managers = [...new Set(adoption.conflicts.map(({ manager }) => manager))].slice(0, MAX_MANAGERS);
    const takes = managers.map((manager) => ({
      manager: cut(manager, 256),
      fields: shown(adoption.conflicts.flatMap((conflict) => (conflict.manager === manager ? [conflict.field] : []))),
    }));
    return [{ object: shortName(key), uid: adoption.uid, takes, removes: shown(adoption.removes) }];
  });
  return adoptable.length === 0 ? {} : { adoptable: adoptable.slice(0, MAX_ADOPTED) };
}

/** Returns the failure of a plan that would delete most objects without a confirmation. @param removals as text */
export const failureOfRemovals = (removals: string, app: string): Failure => ({
  code: 'deployments/removes-most',
  message: removals,
  fix: `to delete them: astroctl app sync ${app} -y`,
});

/**
 * Returns the failure of objects that were applied but did not become healthy.
 * @param about.image of an image application, without tag and digest
 * @param about.waitedMs set after a timeout, absent if the failure is certain
 */
export function failureOfHealth(
  health: Pick<ApplicationHealth, 'state' | 'message' | 'code' | 'fix'>,
  about: { readonly app: string; readonly image?: string; readonly waitedMs?: number },
): Failure {
  const code = health.code === undefined ? 'deployments/rollout-timeout' : FAILURE_CODES[health.code];
  if (code === 'deployments/runs-as-root')
    return {
      code,
      message: `${about.image ?? about.app} runs as root; add runAsUser: 1000`,
      fix: fixOf(code, about.app),
    };
  const shortened = cut(health.message === '' ? `${about.app} is ${health.state}` : health.message);
  const waited = about.waitedMs === undefined ? '' : ` (after ${Math.round(about.waitedMs / 1_000)} s)`;
  return { code, message: `${shortened}${waited}`, fix: health.fix ?? fixOf(code, about.app) };
}

/**
 * Decides whether to retry after an error. Errors about the request itself (4xx, and 500 for an invalid manifest or
 * size) are not retried.
 * @param cluster its name
 */
export function judgeClusterError(fault: ClusterError, cluster: string): Verdict {
  if (fault.kind === 'silence') return judgeSilence(fault, cluster);
  const { status, reason } = fault;
  const message = cut(fault.message);
  if (status === 401)
    return failed(
      'deployments/cluster-unauthorized',
      `cluster ${cluster} no longer accepts the platform's credential`,
      `register it again: astroctl clusters register --cluster-name ${cluster}`,
    );
  if (status === 429 && !/disruption budget/i.test(message))
    return { retry: true, cause: `cluster ${cluster} is rate-limiting the platform (429)` };
  if (status === 403) return judgeForbidden(message, cluster);
  if (status === 404 && reason === 'UnknownType') return failed('deployments/unknown-kind', message, null);
  if (status === 404 && /^namespaces? "/.test(message))
    return failed('deployments/namespace-gone', `${message}: it was deleted during the rollout`, 'apply again');
  if (reason === 'ObjectTerminating')
    return failed('deployments/object-terminating', message, 'wait until it is deleted, then apply again');
  if (status === 409 && fault.conflicts.length > 0)
    return failed(
      'deployments/conflict',
      conflictText(fault.conflicts),
      'remove the fields from the manifest or from their manager, then apply again',
    );
  if (status === 409) return { retry: true, cause: `an object was changed concurrently (${message})`, atMost: 5 };
  if (status === 413 || /request is too large|larger than max/i.test(message))
    return failed('deployments/object-too-large', message, 'make the object smaller and apply again');
  if (status === 500 && message.startsWith('failed to create typed patch object'))
    return failed('deployments/invalid-manifest', message, 'correct this field and apply again');
  if (status >= 500)
    return {
      retry: true,
      cause: `cluster ${cluster} responded with status ${status}${message === '' ? '' : `: ${message}`}`,
    };
  return failed(
    'deployments/denied-by-cluster',
    message === '' ? `cluster ${cluster} responded with status ${status}` : message,
    null,
  );
}

function judgeSilence({ why, message }: { readonly why: string; readonly message: string }, cluster: string): Verdict {
  const shortened = cut(message);
  if (why === 'egress')
    return failed(
      'deployments/cluster-unreachable',
      shortened,
      `register it under another address: astroctl clusters register --cluster-name ${cluster}`,
    );
  if (why === 'certificate')
    return failed(
      'deployments/cluster-unreachable',
      shortened,
      `register it with its current CA: astroctl clusters register --cluster-name ${cluster}`,
    );
  if (why === 'too-large') return failed('deployments/denied-by-cluster', shortened, null);
  return { retry: true, cause: `cluster ${cluster} cannot be reached: ${shortened}` };
}

function judgeForbidden(message: string, cluster: string): Verdict {
  if (/exceeded quota|failed quota|must specify/.test(message))
    return failed('deployments/quota-exceeded', message, FIXES['deployments/quota-exceeded'] ?? null);
  if (/violates PodSecurity/.test(message))
    return failed('deployments/pod-security', message, `see: astroctl clusters policy get ${cluster}`);
  if (/because it is being terminated/.test(message))
    return failed(
      'deployments/namespace-terminating',
      message,
      'wait until the namespace is deleted, then apply again',
    );
  if (/admission webhook .* denied|ValidatingAdmissionPolicy/.test(message))
    return failed('deployments/denied-by-cluster', message, null);
  return failed(
    'deployments/forbidden-on-cluster',
    message,
    `grant the platform's ServiceAccount on ${cluster} that permission, or register the cluster again`,
  );
}

const failed = (code: string, message: string, fix: string | null): Verdict => ({
  retry: false,
  failure: { code, message, fix },
});

const conflictText = (conflicts: readonly FieldConflict[]): string =>
  cut(
    conflicts
      .slice(0, 10)
      .map(({ manager, field }) => `${field} belongs to ${manager}`)
      .join('; '),
  );
