import { join } from 'node:path';
import { eventually, startNode, type AppProcess } from '#testing';

/** The stand-in for EventStoreDB as a process of its own, as a server is one. */
export interface EventStoreProcess {
  /** For `ASTRO_EVENT_STORE`; the same after a restart. */
  readonly url: string;
  /** SIGSTOP: it keeps its connections and answers nothing. */
  freeze(): void;
  /** SIGCONT */
  thaw(): void;
  /** SIGKILL, and wait. */
  kill(): Promise<void>;
  /** Starts it again on what it has kept, at the same port. */
  start(): Promise<void>;
}

/** Starts it and waits until it serves. @param folder where it keeps its log */
export async function startEventStoreProcess(folder: string): Promise<EventStoreProcess> {
  let server: AppProcess;
  let port = '0';
  const start = async (): Promise<void> => {
    const args = ['--import', './tools/typescript.mjs', 'libs/testing/eventstore/src/main.ts'];
    server = startNode([...args, join(folder, 'event-store.jsonl'), port], {});
    port = await eventually(() => {
      const [, found] = /^ready at (\d+)$/m.exec(server.output()) ?? [];
      if (found === undefined) throw new Error(`the stand-in does not serve; it said:\n${server.output()}`);
      return found;
    });
  };
  await start();
  return {
    url: `esdb://127.0.0.1:${port}?tls=false`,
    freeze: () => server.signal('SIGSTOP'),
    thaw: () => server.signal('SIGCONT'),
    kill: () => server.kill(),
    start,
  };
}
