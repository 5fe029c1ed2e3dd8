import type { Principal } from '#access';
import { manualClock } from '#testing';
import { Turns } from './turns.ts';

const keyOf = (organizationId: string): Principal => ({
  kind: 'key',
  keyId: `key of ${organizationId}`,
  memberId: 'ada',
  memberKind: 'person',
  role: 'owner',
  organizationId,
});
const turn = (): Promise<void> => new Promise(setImmediate);

/** Sends requests of one organization. */
function sending(turns: Turns, organizationId: string, count: number) {
  const ends: (() => void)[] = [];
  for (let n = 0; n < count; n++) {
    const taken = turns.take(keyOf(organizationId));
    if (taken instanceof Promise) void taken.then((end) => ends.push(end));
    else ends.push(taken);
  }
  return ends;
}

describe('use-L8: requests of one organization', () => {
  it('run a few at a time, and never delay those of another', async () => {
    const turns = new Turns(manualClock());
    const flood = sending(turns, 'flood', 64);
    await turn();
    expect(flood).toHaveLength(4);
    for (let ended = 0; ended < 59; ended++) {
      flood[ended]?.();
      await turn();
      expect(flood).toHaveLength(5 + ended);
    }
    expect(sending(turns, 'other', 1)).toHaveLength(1);
  });

  it('run one at a time while another organization is active', async () => {
    const clock = manualClock();
    const turns = new Turns(clock);
    const [endOther] = sending(turns, 'other', 1);
    endOther?.();
    const flood = sending(turns, 'flood', 64);
    expect(flood).toHaveLength(1);
    flood[0]?.();
    await turn();
    expect(flood).toHaveLength(2);
  });

  it('run several at a time again once the other organizations are idle', () => {
    const clock = manualClock();
    const turns = new Turns(clock);
    sending(turns, 'other', 1);
    clock.advance(1_001);
    expect(sending(turns, 'only', 64)).toHaveLength(4);
  });

  it('stop counting sooner while another organization is active', async () => {
    const clock = manualClock();
    const turns = new Turns(clock);
    sending(turns, 'other', 1);
    const slow = sending(turns, 'slow', 3);
    expect(slow).toHaveLength(1);
    clock.advance(50);
    await turn();
    expect(slow).toHaveLength(2);
  });

  it('do not count after they have run for a while', async () => {
    const clock = manualClock();
    const turns = new Turns(clock);
    const slow = sending(turns, 'slow', 10);
    await turn();
    expect(slow).toHaveLength(4);
    clock.advance(249);
    await turn();
    expect(slow).toHaveLength(4);
    clock.advance(10);
    await turn();
    expect(slow).toHaveLength(8);
    for (const end of slow) end(); // those that no longer count release nothing
    await turn();
    expect(slow).toHaveLength(10);
  });

  it('leave nothing in memory', async () => {
    const turns = new Turns(manualClock());
    for (const end of sending(turns, 'one', 4)) end();
    expect(Reflect.get(turns, 'groups')).toEqual(new Map());
  });
});
