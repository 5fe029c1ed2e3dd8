import { join } from 'node:path';
import { setImmediate as loopTurn } from 'node:timers/promises';
import { silentLogger } from '#kernel';
import { manualClock, sequenceIds, temporaryFolder } from '#testing';
import type { Controller } from './controller.ts';
import { openSandbox } from './sandbox.ts';
import { inTurn, myTurn } from './turns.ts';

const folder = temporaryFolder();

describe('turns', () => {
  it('runs other events between two pieces of work, and keeps the order of the work', async () => {
    const seen: string[] = [];
    for (const piece of ['first', 'second', 'third']) inTurn(() => void seen.push(piece));
    const last = myTurn().then(() => seen.push('mine'));
    for (let times = 0; times < 4; times++) {
      await loopTurn();
      seen.push('others');
    }
    await last;
    expect(seen).toEqual(['first', 'others', 'second', 'others', 'third', 'others', 'mine', 'others']);
  });

  it('runs work that is queued by work in a later turn', async () => {
    const seen: string[] = [];
    inTurn(() => inTurn(() => void seen.push('inner')));
    await loopTurn();
    expect(seen).toEqual([]);
    await loopTurn();
    expect(seen).toEqual(['inner']);
  });
});

it('ends a turn of the controllers at its time limit, however many objects are left', async () => {
  const clock = manualClock(0);
  const seen: string[] = [];
  const slow: Controller = {
    name: 'slow',
    watches: [{ resource: 'namespaces' }],
    reconcile({ name }) {
      seen.push(name);
      clock.advance(5);
      return undefined;
    },
  };
  const sandbox = openSandbox({
    folder: join(folder, 'slow'),
    clock,
    ids: sequenceIds(),
    log: silentLogger,
    controllers: () => [slow],
  });
  for (const handled of [1, 2, 3, 4]) {
    await loopTurn();
    expect(seen).toHaveLength(handled);
  }
  await sandbox.close();
});
