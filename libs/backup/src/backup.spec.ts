import { createHash, randomUUID } from 'node:crypto';
import { readdirSync, readFileSync, statSync, writeFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { EventStore, StoredEvent } from '#event-store';
import { appendEvents } from '#event-store/contract-suite';
import { openEmbeddedEventStore } from '#event-store/embedded';
import { silentLogger, VERSION } from '#kernel';
import { systemClock as clock, systemIds as ids } from '#runtime/system';
import { temporaryFolder } from '#testing';
import { damageLog } from '#testing/log';
import { decodeText, encodeText, type SealedVault, type SealingKey } from '#vault';
import { openEmbeddedVault } from '#vault/embedded';
import { erasureLine, erasuresIn, readErasures } from './erasures.ts';
import { checkBackup, restoreBackup, verifyRestored } from './restore-backup.ts';
import { writeBackup, type ExportOptions } from './write-backup.ts';

const root = temporaryFolder();
const key: SealingKey = { id: 'first', key: new Uint8Array(32).fill(9) };
const AT = '2026-12-01T10:00:00.000Z';

interface Engines {
  readonly folder: string;
  readonly eventStore: EventStore;
  readonly vault: SealedVault;
}
const opened: { close(): Promise<void> }[] = [];
async function open(sealingKeys = [key]): Promise<Engines> {
  const folder = join(root, randomUUID());
  const log = silentLogger;
  const eventStore = await openEmbeddedEventStore({ folder, clock, ids, log });
  const vault = await openEmbeddedVault({ folder, clock, ids, log, sealingKeys });
  opened.push(eventStore, vault);
  return { folder, eventStore, vault };
}
const eventsOf = async ({ eventStore }: Engines) => {
  const events: Omit<StoredEvent, 'position'>[] = [];
  for await (const { position: _, ...event } of eventStore.readAll()) events.push(event);
  return events;
};

describe('a backup', () => {
  let source: Engines;
  let file: string;
  beforeEach(async () => {
    source = await open();
    file = join(root, `${randomUUID()}.backup`);
    const { eventStore, vault } = source;
    for (let n = 0; n < 30; n += 1)
      await appendEvents(eventStore, `contract-${n % 7}`, [{ data: { n, text: 'line\u2028separator, ä' } }]);
    await vault.put('person/ada', encodeText('Ada of canary street'));
    await vault.put('directory/1', encodeText('computed'));
    await vault.put('large', new Uint8Array(700_000).fill(7));
  });
  afterEach(async () => {
    for (const engine of opened.splice(0)) await engine.close();
  });

  const write = (more: Partial<ExportOptions> = {}) =>
    writeBackup(file, {
      ...source,
      clock,
      ids,
      isDerived: (name) => name.startsWith('directory/'),
      written: () => Promise.resolve(),
      ...more,
    });
  const lines = () => readFileSync(file, 'utf8').split('\n').slice(0, -1);
  /** Writes lines as an export would have written them, with a digest that fits. */
  const resealed = (content: readonly string[]) => {
    const body = content.map((text) => `${text}\n`).join('');
    const of = (member: string) => content.filter((text) => text.startsWith(`{"${member}"`)).length;
    const sha256 = createHash('sha256').update(body).digest('hex');
    const end = { position: 'store123.00000000000000000001', records: of('record'), events: of('event'), sha256 };
    writeFileSync(file, `${body}${JSON.stringify({ end })}\n`);
  };

  it('restores events with their order, revisions, times, and hashes, and records that only the same keys open', async () => {
    const end = await write();
    expect(end).toMatchObject({ events: 30, records: expect.any(Number), position: await source.eventStore.head() });
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readFileSync(file, 'utf8')).not.toContain('canary');
    expect(JSON.parse(lines()[0] ?? '')).toMatchObject({ version: 1, release: VERSION });

    const target = await open();
    expect((await checkBackup(file, target.vault)).end).toEqual(end);
    await restoreBackup(file, target);
    expect(await eventsOf(target)).toEqual(await eventsOf(source));
    expect(await verifyRestored(target.eventStore)).toBe(7);
    expect(target.eventStore.storeId).not.toBe(source.eventStore.storeId);
    const person = await target.vault.get('person/ada');
    expect(decodeText(person?.value ?? new Uint8Array())).toBe('Ada of canary street');
    expect(person?.version).toBe((await source.vault.get('person/ada'))?.version);
    expect((await target.vault.get('large'))?.value).toHaveLength(700_000);
    expect(await target.vault.get('directory/1')).toBeUndefined();
  });

  it('restores a log of one event at a time into an engine that does not keep the order of its calls', async () => {
    await write();
    const target = await open();
    let inProgress = 0;
    const eventStore: EventStore = {
      ...target.eventStore,
      appendsInOrder: false,
      async append(...args) {
        inProgress += 1;
        expect(inProgress).toBe(1);
        const appended = await target.eventStore.append(...args);
        inProgress -= 1;
        return appended;
      },
    };
    await restoreBackup(file, { eventStore, vault: target.vault });
    expect(await eventsOf(target)).toEqual(await eventsOf(source));
  });

  it('has records that were written while the log was read, so that no event names a missing one', async () => {
    const { eventStore, vault } = source;
    let hasWritten = false;
    const busy: EventStore = {
      ...eventStore,
      async *readAll(options) {
        if (!hasWritten) {
          hasWritten = true;
          await vault.put('manifest/1', encodeText('written meanwhile'));
          await appendEvents(eventStore, 'contract-meanwhile', [{ data: { manifest: 'manifest/1' } }]);
        }
        yield* eventStore.readAll(options);
      },
    };
    await write({ eventStore: busy });
    const target = await open();
    await checkBackup(file, target.vault);
    await restoreBackup(file, target);
    expect((await eventsOf(target)).at(-1)?.stream).toBe('contract-meanwhile');
    expect(await target.vault.get('manifest/1')).toBeDefined();
  });

  it('is not written over another file, or of a damaged log, or if it cannot be recorded; nothing is left', async () => {
    const empty = join(root, randomUUID());
    mkdirSync(empty);
    file = join(empty, 'backup');
    await expect(write({ written: () => Promise.reject(new Error('no log')) })).rejects.toThrow('no log');
    expect(readdirSync(empty)).toEqual([]);
    writeFileSync(file, 'other');
    await expect(write()).rejects.toThrow(`${file} already exists; use another name.`);
    expect(readFileSync(file, 'utf8')).toBe('other');
    file = join(empty, 'damaged');
    damageLog(source.folder, `UPDATE events SET body = replace(body, '"n":8', '"n":9') WHERE position = 9`);
    await expect(write()).rejects.toThrow(/^Stream contract-1 is damaged at revision 1.+ run npm run admin:verify/);
    expect(readdirSync(empty)).toEqual(['backup']);
  });

  it.each<[string, (content: readonly string[]) => readonly string[] | string, RegExp]>([
    ['without its last line', (content) => content.slice(0, -1), /its last line is missing/],
    ['cut in a line', (content) => content.join('\n').slice(0, -40), /damaged or not complete/],
    ['of which a line is missing', (content) => content.toSpliced(5, 1), /was changed/],
    ['with exchanged lines', ([a = '', b = '', c = '', ...rest]) => [a, c, b, ...rest], /was changed after/],
    ['with a changed byte', (content) => content.map((text) => text.replace('"n":5,', '"n":6,')), /was changed/],
    ['with more lines', (content) => [...content, content[1] ?? ''], /continues after its last line/],
    ['of another kind', () => 'PRAGMA foreign_keys=OFF;', /is not a backup of npm run admin:export/],
    ['that is empty', () => '', /its last line is missing/],
    [
      'of a newer format',
      ([first = '', ...rest]) => [first.replace('"version":1', '"version":2'), ...rest],
      /was exported by the newer release/,
    ],
  ])('is refused %s, before anything is imported', async (_, change, sentence) => {
    await write();
    const changed = change(lines());
    writeFileSync(file, typeof changed === 'string' ? changed : `${changed.join('\n')}\n`);
    const { vault } = await open();
    await expect(checkBackup(file, vault)).rejects.toMatchObject({
      code: 'backup/refused',
      message: expect.stringMatching(sentence),
    });
  });

  it.each<[string, (text: string) => string, RegExp]>([
    ['an event', (text) => text.replace('"n":5,', '"n":6,'), /stream contract-5 is damaged at revision 0 \(altered\)/],
    ['the name of a record', (text) => text.replace('person/ada', 'person/eve'), /cannot be imported with the sealing/],
    ['a version', (text) => text.replace(/("name":"large","version":)\d+/, '$199'), /cannot be imported with the sea/],
  ])('is refused if somebody has changed %s and the digest', async (_, change, sentence) => {
    await write();
    resealed(lines().slice(0, -1).map(change));
    const { vault } = await open();
    await expect(checkBackup(file, vault)).rejects.toThrow(sentence);
  });

  it('F33: is refused without one of its sealing keys, by the ID of the key', async () => {
    await write();
    const { vault } = await open([{ id: 'second', key: new Uint8Array(32).fill(1) }]);
    await expect(checkBackup(file, vault)).rejects.toThrow(/cannot be imported with the sealing keys.+"first"/);
  });

  it('stops an import if it is exchanged after it was checked', async () => {
    await write();
    const target = await open();
    await checkBackup(file, target.vault);
    writeFileSync(file, `${lines().slice(0, 20).join('\n')}\n`);
    await expect(restoreBackup(file, target)).rejects.toThrow('its last line is missing');
  });

  describe('lists of erased people', () => {
    beforeEach(async () => {
      await appendEvents(source.eventStore, 'user-ada', [
        { type: 'user.registered.v1', data: { globalRole: 'developer' } },
        { type: 'user.erased.v1', data: { at: AT } },
      ]);
    });

    it('come from a log, a later backup, a list, or a folder of lists', async () => {
      const ada = new Map([['ada', AT]]);
      expect(await erasuresIn(source.eventStore)).toEqual(ada);
      await write();
      expect(await readErasures(file)).toEqual(ada);
      expect((await checkBackup(file, source.vault)).erasures).toEqual(ada);
      const folder = join(root, randomUUID());
      mkdirSync(folder);
      writeFileSync(join(folder, 'ada.json'), erasureLine('ada', AT));
      writeFileSync(join(folder, 'grace.json'), erasureLine('grace', AT));
      writeFileSync(join(folder, 'ada.json.draft'), 'not complete');
      expect(await readErasures(join(folder, 'ada.json'))).toEqual(ada);
      expect(await readErasures(folder)).toEqual(new Map([...ada, ['grace', AT]]));
    });

    it('are refused if they are missing or contain anything else', async () => {
      await expect(readErasures(join(root, 'nothing'))).rejects.toThrow(/^The list of erasures .+ cannot be read/);
      for (const text of ['ada', '{"userId":"ada"}', '{"userId":"../ada","erasedAt":"2026-12-01T10:00:00.000Z"}']) {
        writeFileSync(file, `${text}\n`);
        await expect(readErasures(file)).rejects.toThrow(/^Line 1 of .+ is not an erasure/);
      }
    });
  });
});
