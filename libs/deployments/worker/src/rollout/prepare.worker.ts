import { createHash } from 'node:crypto';
import type { ResolvedSpec } from '#deployments/contract';
import { clusterOffers, hostNames, type KubernetesObject } from '#kubernetes';
import { createdOnce, decodeText, encodeText } from '#vault';
import { ReportRefusedError } from './claim.worker.ts';
import { AttemptFailedError } from './cluster-calls.worker.ts';
import { parseInTurns } from './renderer.worker.ts';
import { dockerConfigOf } from './pull-secret.ts';
import type { Checked } from './render-jobs.worker.ts';
import { renderOnce, type Rendering } from './rendering.worker.ts';
import type { Run } from './run.worker.ts';
import { withSecretValues } from './secret-values.ts';
import { attemptMark, fetchedText } from './steps.ts';

/** Objects of one attempt exactly as they will be applied, and the record that contains them. */
export interface Prepared {
  readonly objects: readonly KubernetesObject[];
  /** Vault record. */
  readonly rendered: string;
  /** SHA-256 of the bytes, in hexadecimal. */
  readonly digest: string;
  readonly warnings: readonly string[];
  /** Hosts of the objects. */
  readonly hosts: readonly string[];
}

/**
 * Reads the objects that an earlier attempt recorded. They are not rendered again, so that both attempts apply the
 * same.
 */
export async function recall(
  { ports, task }: Run,
  recorded: { readonly rendered: string; readonly digest: string },
): Promise<Prepared> {
  const record = await ports.records.get(recorded.rendered);
  const known = record && sha256(record.value) === recorded.digest;
  if (!known) throw sourceMissing('the recorded plan of this revision is no longer in the vault', task.applicationName);
  const objects = await ports.renderer.recall(decodeText(record.value));
  return { objects, ...recorded, warnings: [], hosts: hostNames(objects) };
}

/** Fetches, renders, decorates and validates the objects. Writes nothing to the cluster. */
export async function prepare(run: Run): Promise<Prepared> {
  const { claim, task, ports } = run;
  const { source, warnings } = await fetch(run);
  const fetched = { step: 'fetched', source: fetchedText(source) } as const;
  if (source.type === 'git' || source.type === 'helm') await claim.report(fetched);
  else claim.reportWithNext(fetched);
  const { checked, warnings: more } = await renderAndCheck(run, source);
  const { digest, bytes, hosts } = checked;
  const step = { step: 'rendered', objects: checked.objects.length, digest } as const;
  if (hosts.length > 0) await claimHosts(() => claim.report({ ...step, hosts: [...hosts] }));
  else claim.reportWithNext(step);
  const record = `rendered/${task.organizationId}/${task.applicationId}/${digest}`;
  await ports.records.put(record, bytes);
  const objects = await parseInTurns(checked.objects);
  return { objects, rendered: record, digest, warnings: [...warnings, ...more], hosts };
}

/** Returns the objects that an attempt would apply. Nothing is reported or stored. */
export async function preview(rendering: Rendering): Promise<Checked> {
  const { source } = await fetch(rendering);
  const { checked } = await renderAndCheck(rendering, source);
  return checked;
}

async function renderAndCheck(
  run: Rendering,
  source: ResolvedSpec['source'],
): Promise<{ readonly checked: Checked; readonly warnings: readonly string[] }> {
  const { task, ports } = run;
  const cluster = source.type === 'image' && (await run.call((client) => clusterOffers(client, source.workload)));
  if (cluster && cluster.ingressClassNames) throw unclearClass(task.cluster.name, cluster.ingressClassNames);
  const rendered =
    source.type === 'git' || source.type === 'helm'
      ? await renderOnce(run, source)
      : await ports.renderer.render({
          source,
          fingerprintKey: await fingerprintKey(run),
          ...(cluster && { cluster }),
        });
  const discovery = await run.call((client) => client.discovery());
  const checked = await ports.renderer.check({
    objects: rendered.objects,
    scopes: rendered.kinds.flatMap(({ apiVersion, kind }) => {
      const type = discovery.find(apiVersion, kind);
      return type ? [{ apiVersion, kind, namespaced: type.namespaced }] : [];
    }),
    task,
    attempt: attemptMark(task),
    labels: source.type === 'image' ? undefined : source.labels,
  });
  return { checked, warnings: [...rendered.warnings, ...checked.warnings] };
}

/** Reports the rendered objects, which claims their hosts. A host of another application ends the attempt. */
async function claimHosts(report: () => Promise<void>): Promise<void> {
  try {
    await report();
  } catch (error) {
    if (!(error instanceof ReportRefusedError) || error.error.code !== 'deployments/host-taken') throw error;
    const { code, detail, fix } = error.error;
    throw new AttemptFailedError({ code, message: detail.replace(/\.$/, ''), fix: fix ?? null }, { cause: error });
  }
}

async function fetch({ ports, task }: Pick<Rendering, 'ports' | 'task'>): Promise<{
  readonly source: ResolvedSpec['source'];
  readonly warnings: readonly string[];
}> {
  const record = task.resolved === null ? undefined : await ports.records.get(task.resolved);
  if (!record)
    throw sourceMissing('the specification of this revision is no longer in the vault', task.applicationName);
  const { source } = JSON.parse(decodeText(record.value)) as ResolvedSpec; // written by deployments and authenticated since
  if (source.type !== 'image') return { source, warnings: [] };
  const values = new Map<string, string>();
  for (const [key, secret] of Object.entries(source.secrets ?? {})) {
    const value = await ports.records.get(secret.record);
    if (!value) throw sourceMissing(`the value of the secret ${key} is no longer in the vault`, task.applicationName);
    values.set(key, decodeText(value.value));
  }
  const workload = withSecretValues(source.workload, values);
  const { imageCredential } = task;
  const credential = imageCredential && (await ports.records.get(imageCredential.record));
  if (!imageCredential || !credential) return { source: { type: 'image', workload }, warnings: [] };
  const { registry } = imageCredential;
  const dockerConfig = dockerConfigOf(decodeText(credential.value), registry);
  if (dockerConfig !== undefined)
    return { source: { type: 'image', workload: { ...workload, dockerConfig } }, warnings: [] };
  const warning = `the credential of ${registry} has no user, so images are pulled without it`;
  return { source: { type: 'image', workload }, warnings: [warning] };
}

/**
 * Returns the key for fingerprints of secrets, without which a secret cannot be guessed. One per organization, created
 * on first use.
 */
export async function fingerprintKey({
  ports: { records, ids },
  task,
}: Pick<Rendering, 'ports' | 'task'>): Promise<string> {
  const name = `fingerprint-key/${task.organizationId}`;
  return decodeText(await createdOnce(records, name, () => encodeText(Buffer.from(ids.random(32)).toString('base64'))));
}

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** Returns the failure of an Ingress without a class, which no controller of the cluster would serve. */
const unclearClass = (cluster: string, classes: readonly string[]) =>
  new AttemptFailedError({
    code: 'deployments/ingress-class-unclear',
    message: `cluster ${cluster} has several IngressClasses (${classes.slice(0, 10).join(', ')}) and no default`,
    fix: `astroctl clusters ingress set ${cluster} --class ${classes[0]}`,
  });

const sourceMissing = (message: string, app: string) =>
  new AttemptFailedError({
    code: 'deployments/source-gone',
    message,
    fix: `astroctl app apply -f FILE (again, for ${app})`,
  });
