import { domainError } from '#kernel';
import { manualClock } from '#testing';
import { resolveChecked } from './resolve-host.ts';
import type { SourceContext } from './source.ts';

const clock = manualClock();

/** Refuses all addresses that begin with `10.`. */
const egress: SourceContext['egress'] = {
  refusal: ({ host, address, port }) =>
    address.startsWith('10.') ? domainError('test/refused', 'invalid', `${host} ${address} ${port}`) : undefined,
};
const resolving = (...addresses: readonly string[]) => ({ egress, clock, resolve: async () => addresses });

describe('a host of a source', () => {
  it('is resolved once, to all its addresses', async () => {
    let asked = 0;
    const resolve = async () => [['192.0.2.1', '192.0.2.2'], ['10.0.0.1']][asked++] ?? [];
    expect(await resolveChecked('git.example', 443, { egress, clock, resolve })).toEqual({
      ok: true,
      value: { host: 'git.example', port: 443, addresses: ['192.0.2.1', '192.0.2.2'] },
    });
    expect(asked).toBe(1);
  });

  it('is refused if one of its addresses is refused', async () =>
    expect(await resolveChecked('git.example', 443, resolving('192.0.2.1', '10.0.0.1'))).toMatchObject({
      ok: false,
      error: { code: 'test/refused', detail: 'git.example 10.0.0.1 443' },
    }));

  it('may be an address', async () => {
    expect(await resolveChecked('::1', 443, { egress, clock })).toMatchObject({ value: { addresses: ['::1'] } });
    expect(await resolveChecked('10.0.0.1', 443, { egress, clock })).toMatchObject({ error: { code: 'test/refused' } });
  });

  it('is unreachable if it has no address, or does not resolve in time', async () => {
    const unresolved = { ok: false, error: { code: 'sources/unreachable', kind: 'unavailable' } };
    expect(await resolveChecked('git.example', 443, resolving())).toMatchObject(unresolved);
    const failing = { egress, clock, resolve: () => Promise.reject(new Error('ENOTFOUND')) };
    expect(await resolveChecked('git.example', 443, failing)).toMatchObject(unresolved);
    const slow = manualClock();
    const never = resolveChecked('git.example', 443, { egress, clock: slow, resolve: () => new Promise(() => {}) });
    slow.advance(10_000);
    expect(await never).toMatchObject(unresolved);
  });
});
