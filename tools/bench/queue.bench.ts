// Queued deployments of one organization must not delay another's.
import type { Person } from '../../libs/testing/src/platform-people.ts';
import type { Platform } from '../../libs/testing/src/platform-process.ts';
import { apply, claimedAfter, settled, withLoad } from './load.parts.ts';
import type { Row } from './row.ts';

const QUEUED = 400;

export const run = (): Promise<Row[]> => withLoad(async (...load) => [await queued(...load)]);

/** Measures how long a single apply of one organization waits while another one has hundreds. */
export async function queued(platform: Platform, busy: Person, other: Person): Promise<Row> {
  await settled();
  const names = Array.from({ length: QUEUED }, (_, n) => `queued-${n}`);
  let next = 0;
  const one = async (): Promise<void> => {
    for (let name = names[next++]; name !== undefined; name = names[next++])
      await apply(platform.url, busy, name, '1.0');
  };
  await Promise.all(Array.from({ length: 8 }, one));
  const version = await apply(platform.url, other, 'web', '2.0');
  return {
    name: `a single apply until a worker takes it, behind ${QUEUED} of another organization`,
    unit: 'ms',
    ours: await claimedAfter(platform, other, 'web', version),
    goal: '<= 2000 ms',
  };
}
