import type { Json, JsonObject } from '#kernel';
import type { Case, Step } from './case.ts';
import { normalise } from './normalise.ts';

/** A server of the Kubernetes API. */
export interface ApiTarget {
  ask(request: {
    readonly method: string;
    readonly path: string;
    readonly headers: { readonly [name: string]: string };
    readonly body?: string | Buffer;
  }): Promise<ApiAnswer>;
  /** Advances the target's clock by about a second. */
  tick(): Promise<void>;
  /** Resolves when the target has received the requests that were just sent. */
  settle(): Promise<void>;
}

export interface ApiAnswer {
  readonly status: number;
  readonly warnings: readonly string[];
  readonly text: string;
}

/** The compared form of a response: status, warnings, and the normalized body. */
export interface Seen {
  readonly status: number;
  readonly warnings?: readonly string[];
  readonly body: Json;
}

const MOST_TICKS = 300;

/**
 * Runs a case in its own namespace, which is deleted afterwards.
 * @returns one entry for each step that is compared
 */
export async function runCase(target: ApiTarget, { steps }: Case, namespace: string): Promise<Seen[]> {
  const saved = new Map<string, string>([['ns', namespace]]);
  const fill = (text: string) => text.replaceAll(/\{(\w+)\}/g, (whole, name: string) => saved.get(name) ?? whole);
  await setUp(target, namespace);
  const seen: Seen[] = [];
  try {
    for (const step of steps) {
      const { answer, body } = await perform(target, step, fill);
      for (const [name, path] of Object.entries(step.save ?? {})) saved.set(name, String(valueAt(body, path)));
      if (step.silent === true) continue;
      const shown = step.only && isObject(body) ? step.only(body) : body;
      const warnings = answer.warnings.map((warning) => String(normalise(warning, namespace))).sort();
      seen.push({ status: answer.status, ...(warnings.length > 0 && { warnings }), body: normalise(shown, namespace) });
    }
  } finally {
    await target.ask({ method: 'DELETE', path: `/api/v1/namespaces/${namespace}`, headers: {} });
  }
  return seen;
}

async function perform(
  target: ApiTarget,
  step: Step,
  fill: (text: string) => string,
): Promise<{ readonly answer: ApiAnswer; readonly body: Json }> {
  const text = step.text ?? (step.body === undefined ? undefined : JSON.stringify(step.body));
  const body =
    step.bytes === undefined ? (text === undefined ? undefined : fill(text)) : Buffer.from(step.bytes, 'base64');
  const request = {
    method: step.method,
    path: fill(step.path),
    headers: {
      accept: step.accept ?? 'application/json',
      ...(body !== undefined && { 'content-type': step.type ?? 'application/json' }),
      ...Object.fromEntries(Object.entries(step.headers ?? {}).map(([name, value]) => [name, fill(value)])),
    },
    ...(body !== undefined && { body }),
  };
  for (let ticks = 0; ; ticks++) {
    const answer = step.stream === true ? await streamed(target, request) : await target.ask(request);
    const read =
      step.stream === true && answer.status === 200
        ? answer.text.split('\n').filter(Boolean).slice(0, step.lines).map(parsed)
        : parsed(answer.text);
    if (!step.until || (isObject(read) && step.until(read))) return { answer, body: read };
    if (ticks >= MOST_TICKS)
      throw new Error(
        `${step.method} ${step.path} never came to what was waited for; last: ${answer.status} ${answer.text.slice(0, 2_000)}`,
      );
    await target.tick();
  }
}

async function streamed(target: ApiTarget, request: Parameters<ApiTarget['ask']>[0]): Promise<ApiAnswer> {
  let answer: ApiAnswer | undefined;
  const asking = target.ask(request).then((given) => (answer = given));
  while (!answer) {
    await Promise.race([asking, target.settle()]);
    if (!answer) await target.tick();
  }
  return answer;
}

/** Creates a namespace and waits for its ServiceAccount and root certificate, without which it accepts no pods. */
async function setUp(target: ApiTarget, namespace: string): Promise<void> {
  const headers = { 'content-type': 'application/json' };
  await target.ask({
    method: 'POST',
    path: '/api/v1/namespaces',
    headers,
    body: JSON.stringify({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } }),
  });
  for (const path of ['serviceaccounts/default', 'configmaps/kube-root-ca.crt']) {
    for (
      let ticks = 0;
      (await target.ask({ method: 'GET', path: `/api/v1/namespaces/${namespace}/${path}`, headers: {} })).status !==
      200;
      ticks++
    ) {
      if (ticks > MOST_TICKS) throw new Error(`${path} never came`);
      await target.tick();
    }
  }
}

function parsed(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return text; // some responses are plain text
  }
}

const isObject = (value: Json): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function valueAt(value: Json, path: readonly (string | number)[]): Json | undefined {
  return path.reduce<Json | undefined>(
    (here, key) =>
      typeof here === 'object' && here !== null
        ? (here as { readonly [key: string]: Json | undefined })[String(key)]
        : undefined,
    value,
  );
}
