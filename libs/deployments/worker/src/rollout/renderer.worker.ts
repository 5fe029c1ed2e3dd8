import { setImmediate as turn } from 'node:timers/promises';
import { CLOCK, LOGGER, type Clock, type Logger, type Result } from '#kernel';
import { isKubernetesObject, type KubernetesObject } from '#kubernetes';
import { ThreadPool, threadProgram, type JobRefusal } from '#thread-pool';
import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import { failureOfManifestErrors } from '../cluster/failure.ts';
import { AttemptFailedError } from './cluster-calls.worker.ts';
import {
  renderJobs,
  type CheckInput,
  type Checked,
  type FilesInput,
  type Recorded,
  type Rendered,
  type RenderInput,
} from './render-jobs.worker.ts';

/** Characters that are parsed before the event loop continues. */
const SLICE_CHARACTERS = 64 * 1_024;
/** Timeout of one job. The largest text takes about two seconds. */
const TIMEOUT_MS = 30_000;

/** Renders and validates manifests; large ones in worker threads. Errors in manifests end the attempt. */
@Injectable()
export class ManifestRenderer implements OnModuleDestroy {
  private readonly threads: ThreadPool<typeof renderJobs>;

  constructor(@Inject(CLOCK) clock: Clock, @Inject(LOGGER) log: Logger) {
    this.threads = new ThreadPool({
      jobs: renderJobs,
      program: threadProgram('render', import.meta.url),
      clock,
      log,
      timeoutMs: TIMEOUT_MS,
    });
  }

  /** @throws AttemptFailedError with the first errors */
  async render(input: RenderInput): Promise<Rendered> {
    const { source } = input;
    const bytes = source.type === 'yaml' ? source.manifests.length : JSON.stringify(source).length;
    return accepted(await this.threads.run('render', input, bytes));
  }

  /** @throws AttemptFailedError with the first errors, each with its file and line */
  async read(input: FilesInput): Promise<Recorded> {
    const bytes = input.files.reduce((sum, { text }) => sum + text.length, 0);
    return accepted(await this.threads.run('read', input, bytes));
  }

  /** Returns the objects in a record that `read` returned. */
  async recorded(record: Uint8Array): Promise<Rendered> {
    return accepted(await this.threads.run('recorded', record, record.length));
  }

  /** @throws AttemptFailedError with the first errors */
  async check(input: CheckInput): Promise<Checked> {
    return accepted(await this.threads.run('check', input, input.objects.length));
  }

  /** Returns the objects of a recorded JSON array. */
  async recall(json: string): Promise<readonly KubernetesObject[]> {
    const texts = await this.threads.run('split', json, json.length);
    if (!texts.ok) throw tooLarge();
    return parseInTurns(texts.value);
  }

  onModuleDestroy(): Promise<void> {
    return this.threads.close();
  }
}

/** Parses one text per object without blocking the event loop. */
export async function parseInTurns(texts: readonly string[]): Promise<readonly KubernetesObject[]> {
  const objects: KubernetesObject[] = [];
  let characters = 0;
  for (const text of texts) {
    const object: unknown = JSON.parse(text);
    if (!isKubernetesObject(object)) throw new Error('a rendered text is not an object');
    objects.push(object);
    characters += text.length;
    if (characters < SLICE_CHARACTERS) continue;
    characters = 0;
    await turn();
  }
  return objects;
}

function accepted<T extends Rendered | Checked>(
  done: Result<T | { readonly ok: false; readonly errors: Parameters<typeof failureOfManifestErrors>[0] }, JobRefusal>,
): T {
  if (!done.ok) throw tooLarge();
  if (!done.value.ok) throw new AttemptFailedError(failureOfManifestErrors(done.value.errors));
  return done.value;
}

const tooLarge = () =>
  new AttemptFailedError({
    code: 'deployments/render-limit',
    message: 'processing the manifests exceeded the time or memory limit',
    fix: 'split them into several applications',
  });
