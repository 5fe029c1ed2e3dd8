import { silentLogger } from '#kernel';
import { eventually, manualClock, sequenceIds, temporaryFolder } from '#testing';
import { createSandboxes } from './sandbox.ts';

const MINUTE = 60_000;

describe('sandboxes of organizations', () => {
  const folder = temporaryFolder();
  const clock = manualClock();
  const sandboxes = createSandboxes({ folder, clock, ids: sequenceIds(), log: silentLogger });
  afterAll(() => sandboxes.close());

  it('are unloaded after ten minutes without use, and reopened with the same state', async () => {
    const first = sandboxes.of('acme');
    clock.advance(9 * MINUTE);
    expect(sandboxes.of('acme')).toBe(first);
    for (let minute = 0; minute < 11; minute++) clock.advance(MINUTE);
    const second = await eventually(() => {
      const again = sandboxes.of('acme');
      expect(again).not.toBe(first);
      return again;
    });
    expect({ token: second.token, uid: second.uid }).toEqual({ token: first.token, uid: first.uid });
  });

  it('are not created for an invalid organization id', () => {
    for (const id of ['..', 'a/b', '', 'x'.repeat(65)])
      expect(() => sandboxes.of(id)).toThrow('not the id of an organization');
  });
});
