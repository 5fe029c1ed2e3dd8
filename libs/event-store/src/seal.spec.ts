import { createHash } from 'node:crypto';
import { position } from '#kernel';
import { eventHash } from '#transparency';
import { ChainBrokenError } from './chain-check.ts';
import { faultBehind, sealEvents, verifyStream, type UnsealedEvent } from './seal.ts';

const event = (revision: number): UnsealedEvent => ({
  id: `00000000-0000-5000-8000-00000000000${revision}`,
  type: 'organization.renamed.v1',
  stream: 'organization-1',
  revision,
  recordedAt: '2026-01-01T00:00:00.000Z',
  actor: 'system:test',
  commandId: 'a.b',
  correlationId: 'c',
  causationId: 'd',
  data: { slug: `s${revision}`, name: 'N' },
});
const chain = sealEvents([event(0), event(1), event(2), event(3)], '');
const [first, second, third, fourth] = chain;
if (!first || !second || !third || !fourth) throw new Error('four events were sealed');
const head = { revision: 3, hash: fourth.hash };

describe('the seal of a stream', () => {
  it('is SHA-256 of the previous hash and the canonical JSON, for any order of members', () => {
    const canonical =
      '{"actor":"system:test","causationId":"d","commandId":"a.b","correlationId":"c","data":{"name":"N","slug":"s1"},' +
      '"id":"00000000-0000-5000-8000-000000000001","recordedAt":"2026-01-01T00:00:00.000Z","revision":1,"stream":"organization-1","type":"organization.renamed.v1"}';
    expect(second.hash).toBe(
      createHash('sha256')
        .update(first.hash + canonical)
        .digest('hex'),
    );
    expect(eventHash(first.hash, { ...event(1), data: { name: 'N', slug: 's1' } })).toBe(second.hash);
  });

  it('is valid for what was sealed, in one part or several, with and without a head', () => {
    expect(verifyStream([])).toEqual({ ok: true, value: undefined });
    expect(verifyStream(chain)).toEqual({ ok: true, value: head });
    expect(verifyStream(chain, { head })).toMatchObject({ ok: true });
    expect(verifyStream([third, fourth], { after: { revision: 1, hash: second.hash }, head })).toMatchObject({
      ok: true,
    });
    expect(verifyStream([], { after: head, head })).toMatchObject({ ok: true });
  });

  it.each([
    ['a flipped bit in the data', [first, { ...second, data: { slug: 's0', name: 'N' } }, third, fourth], 1, 'altered'],
    ['another actor', [first, second, { ...third, actor: 'mallory' }, fourth], 2, 'altered'],
    ['an added member', [first, { ...second, organizationId: 'x' }, third, fourth], 1, 'altered'],
    ['a deleted event', [first, third, fourth], 1, 'missing'],
    ['a deleted beginning', [second, third, fourth], 0, 'missing'],
    ['a deletion with renumbering', [first, { ...third, revision: 1 }, { ...fourth, revision: 2 }], 1, 'altered'],
    ['an inserted event', [first, second, second, third, fourth], 2, 'out of order'],
    ['swapped events', [first, third, second, fourth], 1, 'missing'],
    ['swapped contents', [first, { ...third, revision: 1 }, { ...second, revision: 2 }, fourth], 1, 'altered'],
    ['an event of another stream', [first, { ...second, stream: 'organization-2' }, third, fourth], 1, 'other stream'],
    ['data that is not JSON', [first, { ...second, data: Number.NaN }, third, fourth], 1, 'altered'],
  ])('F17: detects the first invalid revision of a stream with %s', (_, events, revision, reason) => {
    expect(verifyStream(events)).toEqual({ ok: false, error: { code: 'event-store/chain-broken', revision, reason } });
  });

  it('F17: detects by the head a truncated, removed, or resealed stream', () => {
    expect(verifyStream([first, second], { head })).toMatchObject({
      ok: false,
      error: { revision: 2, reason: 'missing' },
    });
    for (const missing of [head, { revision: 0, hash: first.hash }])
      expect(verifyStream([], { head: missing })).toMatchObject({
        ok: false,
        error: { revision: 0, reason: 'missing' },
      });
    const rewritten = sealEvents([event(0), event(1), { ...event(2), data: {} }, event(3)], '');
    expect(verifyStream(rewritten, { head })).toMatchObject({ ok: false, error: { revision: 3, reason: 'altered' } });
  });
});

describe('F17: the next event of a stream', () => {
  const at = (sequence: number) => ({ position: position('teststore', sequence) });
  const last = { revision: 0, hash: first.hash };

  it('has a later position than the previous one, if both are known', () => {
    expect(faultBehind({ ...last, ...at(5) }, { ...second, ...at(6) })).toBeUndefined();
    expect(faultBehind({ ...last, ...at(5) }, { ...second, ...at(5) })).toBe('out of order');
    expect(faultBehind({ ...last, ...at(5) }, { ...second, ...at(4) })).toBe('out of order');
    expect(faultBehind({ ...last, ...at(5) }, second)).toBeUndefined();
    expect(faultBehind(last, { ...second, ...at(4) })).toBeUndefined();
  });

  it.each([
    ['missing', 'the event is missing'],
    ['out of order', 'the events are out of order'],
    ['other stream', 'the event belongs to another stream'],
    ['altered', 'the event is not what was recorded'],
    ['unreadable', 'the event cannot be read'],
  ] as const)('is reported, if it is %s, with the place of the damage', (reason, words) => {
    const where = position('teststore', 7);
    expect(new ChainBrokenError('organization-1', 2, where, reason)).toMatchObject({
      code: 'event-store/chain-broken',
      message: `Stream organization-1 is damaged at revision 2, found at position ${where}: ${words}.`,
    });
    expect(new ChainBrokenError('', 0, where, reason).message).toBe(
      `The event at position ${where} is missing, and so may be a stream.`,
    );
  });
});
