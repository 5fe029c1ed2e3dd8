import type { LogClient } from './client.ts';
import { isOfLog } from './stored-event.ts';

/** Numbers of events to read backwards; usually the first one is ours. */
const PAGES = [1, 32, 256] as const;

/**
 * Returns a function that finds the position of the platform's last event; 0 if there is none. Later events of the
 * server (statistics every 30 seconds, links of its projections) are skipped and remembered, so that each is read once.
 */
export function createHead(client: LogClient): () => Promise<bigint> {
  /** Between `last` and `upTo`, there are no events of ours. */
  let known = { last: 0n, upTo: 0n };

  return async () => {
    let from: bigint | undefined;
    let upTo: bigint | undefined;
    for (let round = 0; ; round += 1) {
      const count = PAGES[Math.min(round, PAGES.length - 1)] ?? 1;
      const page = await client.all({ from, isBackwards: true, count });
      upTo ??= page[0]?.position ?? 0n;
      const lastOwn = page.find(isOfLog)?.position;
      const lowest = page.at(-1)?.position ?? 0n;
      if (lastOwn !== undefined || lowest <= known.upTo || page.length < count) {
        const last = lastOwn === undefined || lastOwn < known.last ? known.last : lastOwn;
        if (upTo > known.upTo) known = { last, upTo };
        return last;
      }
      from = lowest;
    }
  };
}
