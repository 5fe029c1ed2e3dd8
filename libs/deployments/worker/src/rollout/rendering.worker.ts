import type { PinnedSource, RolloutTask } from '#deployments/contract';
import { backOffMs, chance, pause, type DomainError } from '#kernel';
import type { RenderTarget } from '#sources';
import { AttemptFailedError } from './cluster-calls.worker.ts';
import type { Claim } from './claim.worker.ts';
import type { Rendered } from './render-jobs.worker.ts';
import type { Run, RunPorts } from './run.worker.ts';

/** Waits between tries while a host does not respond. About two minutes in total, within which restarts end. */
const BACK_OFF = { firstMs: 2_000, mostMs: 30_000, spread: 0.4 };
const TRIES = 7;
/** Errors that a retry does not resolve. */
const FINAL = new Set(['sources/program-missing']);

/** What rendering needs of an attempt. Also made by requests that show what an attempt would apply. */
export interface Rendering extends Pick<Run, 'call' | 'idly' | 'ended' | 'throwIfSuperseded' | 'throwIfStopping'> {
  readonly task: Pick<
    RolloutTask,
    | 'organizationId'
    | 'applicationId'
    | 'applicationName'
    | 'revision'
    | 'attemptNumber'
    | 'cluster'
    | 'targetNamespace'
    | 'namespaceMode'
    | 'resolved'
    | 'rendering'
    | 'imageCredential'
    | 'sourceAccess'
    | 'byAdmin'
  >;
  readonly ports: Pick<RunPorts, 'records' | 'renderer' | 'sources' | 'clock' | 'ids'>;
  readonly claim: Pick<Claim, 'report'>;
  /** Set for a request: a host that does not respond is not contacted again, and nothing is stored for attempts. */
  readonly isPreview?: true;
}

/**
 * Returns the rendered objects of a source outside of the platform. Only the first attempt at a content fetches and
 * renders it. All later ones use what it stored, even if the source is gone or would render to something else.
 */
export async function renderOnce(run: Rendering, source: PinnedSource): Promise<Rendered> {
  const { records } = run.ports;
  const { rendering } = run.task;
  if (rendering === undefined) throw new Error('a task for a remote source names no record');
  const known = await records.get(rendering);
  if (known) return run.ports.renderer.recorded(known.value);
  const { record, ...made } = await run.ports.renderer.read(await fetched(run, source));
  if (run.isPreview) return made;
  const stored = await records.put(rendering, record, { expected: 'absent' });
  if (stored.ok) return made;
  const first = await records.get(rendering); // another attempt stored it in the meantime
  if (!first) throw new Error('the vault did not return a record that exists');
  return run.ports.renderer.recorded(first.value);
}

async function fetched(run: Rendering, source: PinnedSource) {
  const { sourceAccess } = run.task;
  const { sources, clock, ids } = run.ports;
  if (!sourceAccess) throw new Error('a task for a remote source has no access to it');
  const target = await targetOf(run);
  let reported = '';
  for (let tries = 1; ; tries++) {
    const rendered = await run.idly(() => sources.render(source, target, sourceAccess, run.ended));
    if (rendered.ok) return rendered.value;
    run.throwIfSuperseded();
    run.throwIfStopping();
    const { error } = rendered;
    if (error.kind !== 'unavailable' || FINAL.has(error.code) || tries === TRIES || run.isPreview) throw failed(error);
    const message = error.detail.replace(/\.$/, '');
    if (message !== reported) await run.claim.report({ step: 'progressing', message, problem: message });
    reported = message;
    await run.idly(() => pause(clock, backOffMs(BACK_OFF, tries, chance(ids)), run.ended));
  }
}

async function targetOf(run: Rendering): Promise<RenderTarget> {
  const version = await run.call((client) => client.version());
  const { types } = await run.call((client) => client.discovery());
  const names = types.flatMap(({ group, version: of, kind }) => {
    const apiVersion = group === '' ? of : `${group}/${of}`;
    return [apiVersion, `${apiVersion}/${kind}`];
  });
  return {
    namespace: run.task.targetNamespace,
    kubernetesVersion: version.replace(/^v/, ''),
    apiVersions: [...new Set(names)],
  };
}

const failed = ({ code, detail, fix }: DomainError) =>
  new AttemptFailedError({ code, message: detail.replace(/\.$/, ''), fix: fix ?? null });
