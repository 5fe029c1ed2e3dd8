import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { createCommandRunner, type CommandRunner } from '#event-sourcing';
import { silentLogger } from '#kernel';
import { systemClock } from '#runtime/system';
import { specify, temporaryFolder } from '#testing';
import { checkpointText, isSignedBy, parseNote, parseVerifierKey, publicKeyOf, signNote } from '#transparency';
import { headDecider } from './head.decider.ts';
import { SIGNING_KEYS } from './head.events.ts';
import { ACME, added, created, openHeads, type Opened } from './heads-under-test.service.ts';
import { SigningKeyRecordsSweep } from './signing-key-records.sweep.ts';
import { SigningKeysHandlers } from './signing-keys.handlers.ts';
import { SEED_RECORDS, SigningKeys } from './signing-keys.service.ts';
import { HeadCheck } from './verification.ts';

const root = temporaryFolder();
const DAY_MS = 24 * 3_600_000;

describe('the rotation of the key that signs heads', () => {
  let opened: Opened;
  let people = 0;
  beforeEach(async () => {
    opened = await openHeads(join(root, randomUUID()));
    await opened.record(ACME, created('acme'));
    await signed();
  });
  afterEach(() => opened.close());

  /** Signs a head after a change, and returns it. */
  async function signed() {
    await opened.record(ACME, added(people++));
    opened.later(60_000);
    await opened.sweep.run(new AbortController().signal);
    return opened.head();
  }
  const admin = (key: string = randomUUID()) =>
    opened.request({ kind: 'login', userId: 'ada' }, { isGlobalAdmin: true, key });
  const rotate = async (context = admin()) => {
    const rotated = await new SigningKeysHandlers(opened.keys).rotate({}, context);
    if (!rotated.ok) throw new Error(rotated.error.code);
    return rotated.value;
  };
  const listed = async () => {
    const found = await opened.queries.keys({ org: ACME, limit: 500 }, opened.context());
    return found.ok ? found.value.items : [];
  };
  /** Returns which of the listed keys signed each head; -1 for none. */
  const signersOf = async (...heads: readonly { readonly note: string }[]) => {
    const keys = (await listed()).map(({ key }) => parseVerifierKey(key));
    return heads.map(({ note }) => {
      const parsed = parseNote(note);
      return keys.findIndex((key) => key && parsed && isSignedBy(parsed, key));
    });
  };
  const seeds = async () => {
    const names: string[] = [];
    for await (const { name } of opened.vault.list(SEED_RECORDS)) names.push(name);
    return names;
  };
  /** Returns the keys as another process sees them, or one that is killed at its first append. */
  const keysOf = (commands: CommandRunner) =>
    new SigningKeys(commands, opened.vault, opened.bus, opened.ids, opened.clock);
  const otherProcess = () => {
    const { eventStore, ids } = opened;
    return keysOf(createCommandRunner({ eventStore, clock: systemClock, ids, log: silentLogger }));
  };

  it('signs all later heads with the new key; the earlier one stays listed with the times of its end and last head', async () => {
    const before = await opened.head();
    const key = await rotate();
    const after = await signed();
    expect(await signersOf(after, before)).toEqual([0, 1]);
    const [newest, earlier] = await listed();
    expect(newest).toMatchObject({ createdAt: key.createdAt, retiredAt: null, lastHeadAt: after.signedAt });
    expect(newest?.key).toContain(Buffer.from([1, ...Buffer.from(key.publicKey, 'base64')]).toString('base64'));
    expect(earlier).toMatchObject({ retiredAt: key.createdAt, lastHeadAt: before.signedAt });
    expect(before.signedAt <= key.createdAt).toBe(true);
    expect(await opened.verify()).toMatchObject({ whole: true, heads: 2, fault: null });
  });

  it('is an event with the global admin as actor', async () => {
    await rotate();
    const events = [];
    for await (const { type, actor } of opened.eventStore.read(SIGNING_KEYS)) events.push([type, actor]);
    expect(events).toEqual([
      ['audit-key.created.v1', 'system:audit'],
      ['audit-key.created.v1', 'ada'],
    ]);
  });

  it('is taken up by every process with its next head', async () => {
    const other = otherProcess();
    const first = await other.newest();
    const { publicKey, retired } = await rotate();
    const second = await other.newest();
    const publicKeyIn = (key: typeof first) => key.ok && Buffer.from(publicKeyOf(key.value.seed)).toString('base64');
    expect([publicKeyIn(first), publicKeyIn(second)]).toEqual([retired, publicKey]);
  });

  it('creates one key for a request that is sent again, and one seed', async () => {
    const once = await rotate(admin('same'));
    expect(await rotate(admin('same'))).toEqual(once);
    expect(await listed()).toHaveLength(2);
    expect(await seeds()).toHaveLength(2);
  });

  it('creates one key, and refuses the other request, if two processes rotate at the same time', async () => {
    const both = await Promise.all([otherProcess().add(admin()), otherProcess().add(admin())]);
    expect(both.map((added) => (added.ok ? 'added' : added.error.code)).toSorted()).toEqual([
      'added',
      'audit/key-added',
    ]);
    expect(await listed()).toHaveLength(2);
    expect(await seeds()).toHaveLength(2);
  });

  it('leaves the earlier key in use if the process is killed in between, and its seed is removed after a day', async () => {
    const { eventStore, clock, ids, vault } = opened;
    const append = () => Promise.reject(new Error('killed'));
    const dying = { ...eventStore, append };
    const mortal = createCommandRunner({ eventStore: dying, clock: systemClock, ids, log: silentLogger });
    await expect(keysOf(mortal).add(admin())).rejects.toThrow('killed');
    expect(await seeds()).toHaveLength(2);
    const [key] = await listed();
    expect(await signersOf(await signed())).toEqual([0]);
    expect(await listed()).toMatchObject([{ key: key?.key, retiredAt: null }]);

    const sweep = new SigningKeyRecordsSweep(opened.keys, vault, clock, silentLogger);
    await sweep.run(new AbortController().signal);
    expect(await seeds()).toHaveLength(2);
    opened.later(DAY_MS);
    await sweep.run(new AbortController().signal);
    expect(await seeds()).toHaveLength(1);
    await rotate();
    expect(await signersOf(await signed())).toEqual([0]);
  });
});

describe('a head of a key that was replaced', () => {
  const origin = `astro.acme.dev/audit/${ACME}`;
  const seeds = [1, 2].map((byte) => new Uint8Array(32).fill(byte));
  const noteOf = (size: number, seed: Uint8Array = new Uint8Array(32)) =>
    signNote(checkpointText({ origin, size, root: new Uint8Array(32).fill(size) }), origin, seed);
  const head = (size: number, keys: number) => ({ size, root: 'root', position: '1', note: noteOf(size), keys });
  const recorded = (size: number, keys: number) => ({ type: 'audit.head-signed.v1', data: head(size, keys) }) as const;
  const system = { id: 'system:audit', kind: 'system', isGlobalAdmin: false } as const;
  const { given } = specify(headDecider);

  it('is not recorded once the next key has signed, as by a process that was frozen', () =>
    given(recorded(1, 2))
      .when({ type: 'sign', ...head(3, 1) }, system)
      .thenNothingRecorded());
  it('is recorded before that, and heads of the newest key always', () => {
    given(recorded(1, 1))
      .when({ type: 'sign', ...head(3, 1) }, system)
      .thenRecorded(recorded(3, 1));
    given(recorded(1, 1))
      .when({ type: 'sign', ...head(3, 2) }, system)
      .thenRecorded(recorded(3, 2));
  });
  it('is a fault in the log after a head of the next key', () => {
    const check = new HeadCheck(seeds.map(publicKeyOf), ACME);
    const add = (size: number, seed: Uint8Array | undefined) =>
      check.add({ note: noteOf(size, seed), stream: `audit-${ACME}`, revision: size, position: String(size) });
    expect([add(1, seeds[0]), add(2, seeds[1]), add(3, seeds[1])]).toEqual([undefined, undefined, undefined]);
    expect(add(4, seeds[0])).toMatchObject({ reason: 'signature', message: expect.stringContaining('retired') });
    expect(add(5, new Uint8Array(32).fill(3))).toMatchObject({ reason: 'signature' });
  });
});
