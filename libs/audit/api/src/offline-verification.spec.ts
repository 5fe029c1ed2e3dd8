import { readFileSync } from 'node:fs';
import { parseCheckpoint, parseNote, parseVerifierKey, publicKeyOf, verifierKey } from '#transparency';
import { UnreadableFileError, verifyEvent, verifyExport, verifyExtension } from './offline-verification.ts';

interface Vectors {
  readonly verifierKey: string;
  readonly events: readonly { readonly hash: string; readonly stream: string; readonly revision: number }[];
  readonly eventsNote: string;
  readonly eventsInclusion: readonly { readonly index: number; readonly proof: readonly string[] }[];
  readonly trees: readonly {
    readonly size: number;
    readonly note: string;
    readonly consistency: readonly { readonly from: number; readonly proof: readonly string[] }[];
  }[];
}
const file = new URL('../../../transparency/src/testdata/audit-vectors.json', import.meta.url);
const vectors: Vectors = JSON.parse(readFileSync(file, 'utf8'));
const key = parseVerifierKey(vectors.verifierKey) ?? verifierKey('none', new Uint8Array(32));
const otherKey = verifierKey(key.name, publicKeyOf(new Uint8Array(32).fill(9)));
const organizationId = key.name.split('/').at(-1) ?? '';
const position = (n: number) => `abcdefgh.${String(n).padStart(20, '0')}`;
const note = vectors.eventsNote;
const checkpointOf = (text: string) => parseCheckpoint(parseNote(text)?.text ?? '') ?? fail();
const fail = (): never => {
  throw new Error('not a checkpoint');
};

const header = { format: 'astro-audit/1', organizationId, origin: key.name, size: 5, complete: true };
const hashBefore = (at: number) =>
  vectors.events.find(
    ({ stream, revision }) =>
      stream === vectors.events[at]?.stream && revision === (vectors.events[at]?.revision ?? 0) - 1,
  )?.hash;
const lines = () =>
  vectors.events.map((event, index) => {
    const previousHash = hashBefore(index);
    return {
      index,
      event: { ...event, position: position(index + 1) },
      ...(previousHash !== undefined && { previousHash }),
    };
  });
type Line = ReturnType<typeof lines>[number] & { readonly proof?: readonly string[] };

const verified = (head: object, entries: readonly Line[], end: object = { note }, against?: string, using = key) =>
  verifyExport(
    (async function* () {
      for (const line of [head, ...entries, end]) yield JSON.stringify(line);
    })(),
    [using],
    against === undefined ? undefined : checkpointOf(against),
  );

describe('an export of the audit log', () => {
  it('is verified with the key alone', async () => {
    expect(await verified(header, lines())).toMatchObject({ ok: true, value: { events: 5, checkpoint: { size: 5 } } });
  });

  it.each<[string, (all: Line[]) => readonly Line[], RegExp]>([
    [
      'a changed event',
      ([a, b, ...rest]) => [{ ...a, event: { ...a?.event, actor: 'somebody' } } as Line, b as Line, ...rest],
      /not what was recorded.*revision 0 at position abcdefgh\.0*1/,
    ],
    [
      'a changed hash',
      ([a, ...rest]) => [{ ...a, event: { ...a?.event, hash: '0'.repeat(64) } } as Line, ...rest],
      /not what was recorded/,
    ],
    ['a removed event', ([a, , ...rest]) => [a as Line, ...rest], /Event 1 is missing|chain is broken/],
    [
      'swapped events',
      ([a, b, ...rest]) => [b as Line, a as Line, ...rest],
      /Event 0 is missing|chain is broken|not what was recorded/,
    ],
    ['a cut end', (all) => all.slice(0, 4), /4 events of the export are not the 5/],
    ['an event twice', ([a, ...rest]) => [a as Line, a as Line, ...rest], /chain is broken/],
  ])('is refused with %s, naming the place', async (_, change, message) => {
    const verdict = await verified(header, change(lines()));
    expect(verdict).toMatchObject({ ok: false, error: expect.stringMatching(message) });
  });

  it('is refused with the head of another log, another size, or another key', async () => {
    const [tree] = vectors.trees;
    expect(await verified(header, lines(), { note: tree?.note })).toMatchObject({
      ok: false,
      error: expect.stringMatching(/not that of this export/),
    });
    expect(await verified({ ...header, origin: 'other.example/audit/1' }, lines())).toMatchObject({ ok: false });
    expect(await verified(header, lines(), { note }, undefined, otherKey)).toMatchObject({
      ok: false,
      error: expect.stringMatching(/not signed by this key/),
    });
  });

  it('extends an earlier head, and is refused where it does not', async () => {
    expect(await verified(header, lines(), { note }, note)).toMatchObject({ ok: true });
    const other = vectors.trees.find(({ size }) => size === 3)?.note ?? '';
    expect(await verified(header, lines(), { note }, other)).toMatchObject({
      ok: false,
      error: expect.stringMatching(/first 3 events are not those/),
    });
    const larger = vectors.trees.find(({ size }) => size === 7)?.note ?? '';
    expect(await verified(header, lines(), { note }, larger)).toMatchObject({
      ok: false,
      error: expect.stringMatching(/earlier head has 7/),
    });
  });

  it('of some events has a proof of each', async () => {
    const some = vectors.eventsInclusion
      .filter(({ index }) => index === 1 || index === 4)
      .map(({ index, proof }) => ({ ...(lines()[index] as Line), proof }));
    expect(await verified({ ...header, complete: false }, some)).toMatchObject({ ok: true, value: { events: 2 } });
    const [first, last] = some;
    const exchanged = [{ ...first, proof: last?.proof } as Line, last as Line];
    expect(await verified({ ...header, complete: false }, exchanged)).toMatchObject({ ok: false });
    const without = some.map(({ proof: _, ...line }) => line);
    expect(await verified({ ...header, complete: false }, without)).toMatchObject({ ok: false });
  });

  it.each<[string, readonly string[], RegExp]>([
    ['no line', [], /no head/],
    ['no head', [JSON.stringify(header)], /no head/],
    ['text', ['hello'], /Line 1 is not JSON/],
    ['another format', [JSON.stringify({ ...header, format: 'other' })], /Line 1 is not a line/],
    ['a line after the head', [JSON.stringify(header), JSON.stringify({ note }), '{}'], /Line 3 is after the head/],
  ])('cannot be read with %s', async (_, texts, message) => {
    const reading = verifyExport(
      (async function* () {
        yield* texts;
      })(),
      [key],
    );
    await expect(reading).rejects.toThrow(message);
    await expect(reading).rejects.toBeInstanceOf(UnreadableFileError);
  });
});

describe('a proof of an event', () => {
  const proofOf = (at: number, more: object = {}) => {
    const { index, proof } = vectors.eventsInclusion[at] ?? { index: -1, proof: [] };
    return JSON.stringify({ head: { note }, inclusion: { event: lines()[at]?.event, index, proof, ...more } });
  };

  it('is verified with the key alone, and refused for another place, event, or key', () => {
    for (const at of vectors.events.keys()) expect(verifyEvent(proofOf(at), [key])).toMatchObject({ ok: true });
    expect(verifyEvent(proofOf(1, { index: 2 }), [key])).toMatchObject({ ok: false });
    expect(verifyEvent(proofOf(1, { event: lines()[2]?.event }), [key])).toMatchObject({ ok: false });
    expect(verifyEvent(proofOf(1), [otherKey])).toMatchObject({ ok: false });
    expect(verifyEvent(proofOf(1), [otherKey, key])).toMatchObject({ ok: true });
    expect(() => verifyEvent('{}', [key])).toThrow(UnreadableFileError);
  });
});

describe('a newer head', () => {
  it('extends an earlier one, which a proof shows', () => {
    for (const { note: newer, consistency } of vectors.trees)
      for (const { from, proof } of consistency) {
        const older = vectors.trees.find(({ size }) => size === from);
        if (!older) continue;
        const head = { organizationId, size: 0, root: '', position: '', signedAt: '', note: newer };
        expect(verifyExtension(checkpointOf(older.note), head, [key], proof)).toMatchObject({ ok: true });
        if (proof.length > 0)
          expect(verifyExtension(checkpointOf(note), head, [key], proof)).toMatchObject({ ok: false });
        expect(verifyExtension(checkpointOf(older.note), head, [otherKey], proof)).toMatchObject({ ok: false });
      }
  });
});
