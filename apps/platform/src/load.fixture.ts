import { randomUUID } from 'node:crypto';
import { call, type PersonResponse } from '#testing';
import { note } from '#testing/checker';

/** Writers and readers that use one organization as its members do, and write down what was acknowledged. */
export interface Load {
  /** Commands acknowledged so far. */
  acknowledged(): number;
  /** What was answered to anything but success so far: `PUT profiles 503 bus/timeout`, or the error of the connection. */
  failures(): readonly string[];
  /** Settles when each writer has had its last command acknowledged. */
  stop(): Promise<void>;
}

export interface LoadOptions {
  readonly url: string;
  readonly organizationId: string;
  /** Access key. */
  readonly credential: string;
  /** File for the checker; several loads may share it. */
  readonly notes: string;
  readonly writers?: number;
  readonly readers?: number;
}

const READ = ['profiles', 'access-keys', 'subscription', 'members', 'clusters'];
/**
 * Milliseconds between two requests of one writer or reader. Without a pause, they would use the processors that the
 * services and the other suites need, and the log that the checker reads after each test would be long.
 */
const PAUSE_MS = 100;
/** Milliseconds until a command that was refused is sent again. */
const AGAIN_MS = 50;
/** A client waits no longer for one answer. */
const PATIENCE_MS = 30_000;

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/**
 * Each writer changes a profile of its own, with a new marker each time, and sends a command that was not acknowledged
 * again until it is. Readers ask every service in turn.
 */
export function startLoad(options: LoadOptions): Load {
  const { url, organizationId, credential, notes, writers = 4, readers = 2 } = options;
  const failures: string[] = [];
  let acknowledged = 0;
  let isOver = false;

  const ask = async (method: string, path: string, body?: unknown): Promise<PersonResponse | undefined> => {
    try {
      const answer = await call(url, `${method} /v1/organizations/${organizationId}/${path}`, {
        credential,
        signal: AbortSignal.timeout(PATIENCE_MS),
        ...(body !== undefined && { body }),
      });
      if (answer.status < 300) return answer;
      failures.push(`${method} ${path} ${answer.status} ${codeOf(answer)}`);
    } catch (error) {
      failures.push(`${method} ${path} ${causeOf(error)}`);
    }
    return undefined;
  };
  const writer = async (name: string): Promise<void> => {
    while (!isOver) {
      const marker = `load-${randomUUID()}`;
      note(notes, { is: 'sent', marker });
      const body = { profileName: name, clusterName: 'sandbox', description: marker };
      for (let isDone = false; !isDone; await pause(isDone ? PAUSE_MS : AGAIN_MS)) {
        const answer = await ask('PUT', `profiles/${name}`, body);
        const position = answer?.headers.get('consistency');
        if (!position) continue;
        note(notes, { is: 'acknowledged', marker, position });
        acknowledged += 1;
        isDone = true;
      }
    }
  };
  const reader = async (first: number): Promise<void> => {
    for (let turn = first; !isOver; turn += 1) {
      await ask('GET', READ[turn % READ.length] ?? '');
      await pause(PAUSE_MS);
    }
  };
  const work = [
    ...Array.from({ length: writers }, (_, index) => writer(`load-${index}`)),
    ...Array.from({ length: readers }, (_, index) => reader(index)),
  ];
  return {
    acknowledged: () => acknowledged,
    failures: () => failures,
    async stop() {
      isOver = true;
      await Promise.all(work);
    },
  };
}

const codeOf = ({ body }: PersonResponse): string =>
  typeof body === 'object' && body !== null && 'code' in body ? String(body.code) : '';
const causeOf = (error: unknown): string =>
  error instanceof Error ? String(error.cause ?? error.message) : String(error);
