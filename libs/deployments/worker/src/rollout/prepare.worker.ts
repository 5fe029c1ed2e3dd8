import { createHash } from 'node:crypto';
import type { ResolvedSpec } from '#deployments/contract';
import {
  checkManifests,
  decorate,
  isKubernetesObject,
  namespacedByOwnCrd,
  readInlineManifests,
  renderImage,
  type Discovery,
  type ManifestError,
  type KubernetesObject,
} from '#kubernetes';
import { decodeText, encodeText } from '#vault';
import { AttemptFailedError } from './cluster-calls.worker.ts';
import { failureOfManifestErrors } from './failure.ts';
import { offlineErrors } from './offline-check.worker.ts';
import type { Run } from './run.worker.ts';
import { attemptMark, sourceText } from './steps.ts';

/** The objects of one attempt exactly as they will be applied, and where their bytes lie. */
export interface Prepared {
  readonly objects: readonly KubernetesObject[];
  /** Vault record. */
  readonly rendered: string;
  /** SHA-256 of the bytes, hex. */
  readonly digest: string;
  readonly warnings: readonly string[];
}

/** The bytes that an earlier attempt recorded: never rendered again, so that both attempts mean the same. */
export async function recall(
  { ports, task }: Run,
  recorded: { readonly rendered: string; readonly digest: string },
): Promise<Prepared> {
  const record = await ports.vault.get(recorded.rendered);
  const known = record && sha256(record.value) === recorded.digest;
  if (!known) throw sourceGone('the recorded plan of this revision is not in the vault any more', task.applicationName);
  return { objects: objectsOf(record.value), ...recorded, warnings: [] };
}

/** Fetches, renders, decorates and checks. Nothing has been written to the cluster when this is done. */
export async function prepare(run: Run): Promise<Prepared> {
  const { claim, task } = run;
  const spec = await fetch(run);
  await claim.report({ step: 'fetched', source: sourceText(spec.source) });
  const drawn = render(spec, await fingerprintKey(run));
  if (!drawn.ok) throw refused(drawn.findings);
  const { cluster, targetNamespace, namespaceMode } = task;
  const discovery = await run.call((client) => client.discovery());
  const isNamespaced = scopes(discovery, drawn.objects);
  const decorated = decorate(drawn.objects, {
    applicationId: task.applicationId,
    attempt: attemptMark(task),
    targetNamespace,
    namespaceMode,
    isNamespaced,
    ...(spec.source.type === 'image' ? { ownRendering: true } : { labels: spec.source.labels }),
  });
  if (decorated.findings.length > 0) throw refused(decorated.findings);
  const findings = [
    ...offlineErrors(decorated.objects),
    ...checkManifests(decorated.objects, {
      policy: cluster.policy,
      clusterName: cluster.name,
      targetNamespace,
      namespaceMode,
      isNamespaced,
    }),
  ];
  if (findings.length > 0) throw refused(findings);
  const bytes = encodeText(JSON.stringify(decorated.objects));
  const digest = sha256(bytes);
  await claim.report({ step: 'rendered', objects: decorated.objects.length, digest });
  const rendered = `rendered/${task.organizationId}/${task.applicationId}/${digest}`;
  await run.ports.vault.put(rendered, bytes);
  return { objects: decorated.objects, rendered, digest, warnings: [...drawn.warnings, ...decorated.warnings] };
}

async function fetch({ ports, task }: Run): Promise<ResolvedSpec> {
  const record = task.resolved === null ? undefined : await ports.vault.get(task.resolved);
  if (!record)
    throw sourceGone('the specification of this revision is not in the vault any more', task.applicationName);
  return JSON.parse(decodeText(record.value)) as ResolvedSpec; // written by deployments, sealed and authenticated since
}

type Drawn =
  | { readonly ok: true; readonly objects: readonly KubernetesObject[]; readonly warnings: readonly string[] }
  | { readonly ok: false; readonly findings: readonly ManifestError[] };

function render({ source }: ResolvedSpec, fingerprintKey: string): Drawn {
  if (source.type === 'image') {
    const { objects, preDeploy } = renderImage(source.workload, { fingerprintKey });
    return { ok: true, objects: [...objects, ...preDeploy], warnings: [] };
  }
  const read = readInlineManifests(source.manifests);
  return read.ok
    ? { ok: true, objects: read.value.objects, warnings: read.value.warnings }
    : { ok: false, findings: read.error };
}

/** Whether a kind lies in namespaces: by the cluster's discovery, else by a CRD among the objects. */
const scopes =
  (discovery: Discovery, objects: readonly KubernetesObject[]) =>
  (object: KubernetesObject): boolean | undefined =>
    discovery.find(object.apiVersion, object.kind)?.namespaced ?? namespacedByOwnCrd(objects, object);

/** Makes fingerprints of secrets that cannot be guessed back; one per organization, made on first use. */
export async function fingerprintKey({ ports: { vault, ids }, task }: Run): Promise<string> {
  const name = `fingerprint-key/${task.organizationId}`;
  const known = await vault.get(name);
  if (known) return decodeText(known.value);
  await vault.put(name, encodeText(Buffer.from(ids.random(32)).toString('base64')), { expected: 'absent' });
  const made = await vault.get(name); // of two workers the first one's key counts
  if (!made) throw new Error('the vault does not find what it has just stored');
  return decodeText(made.value);
}

function objectsOf(bytes: Uint8Array): readonly KubernetesObject[] {
  const parsed: unknown = JSON.parse(decodeText(bytes));
  if (!Array.isArray(parsed) || !parsed.every(isKubernetesObject))
    throw new Error('recorded bytes are no list of objects');
  return parsed;
}

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

const refused = (findings: readonly ManifestError[]) => new AttemptFailedError(failureOfManifestErrors(findings));

const sourceGone = (message: string, app: string) =>
  new AttemptFailedError({
    code: 'deployments/source-gone',
    message,
    fix: `astroctl app apply -f FILE (again, for ${app})`,
  });
