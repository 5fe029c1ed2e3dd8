import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { appendEvents, eventStoreContract, sealedEvents } from '#event-store/contract-suite';
import { silentLogger } from '#kernel';
import { systemClock as clock, systemIds as ids } from '#runtime/system';
import { temporaryFolder } from '#testing';
import { openDatabase } from './database.ts';
import { eventStoreOver } from './embedded-event-store.ts';
import { openEmbeddedEventStore } from './index.ts';

const openIn = (folder: string) => openEmbeddedEventStore({ folder, clock, ids, log: silentLogger });

const shared = temporaryFolder();
eventStoreContract('one SQLite file', () => openIn(shared));

describe('the file of the embedded event store', () => {
  const root = temporaryFolder();
  let folder: string;
  beforeEach(() => {
    folder = join(root, randomUUID());
  });

  it('has a generated ID that does not change', async () => {
    const first = await openIn(folder);
    const other = await openIn(join(root, randomUUID()));
    expect(first.storeId).toMatch(/^[a-z0-9]{8,32}$/);
    expect(other.storeId).not.toBe(first.storeId);
    await Promise.all([first.close(), other.close()]);
    const again = await openIn(folder);
    expect(again.storeId).toBe(first.storeId);
    await again.close();
  });

  it('is synced with each commit, and has consecutive positions', async () => {
    const store = await openIn(folder);
    await Promise.all(Array.from({ length: 20 }, (_, n) => appendEvents(store, `contract-${n}`, [{}, {}])));
    const conflict = await store.append('contract-1', sealedEvents('contract-1', [{}]), -1);
    expect(conflict.ok).toBe(false);
    const last = await appendEvents(store, 'contract-1', [{}]);
    expect(last.position).toBe(`${store.storeId}.${'41'.padStart(20, '0')}`);
    await store.close();
    const file = new DatabaseSync(join(folder, 'events.sqlite'));
    expect(file.prepare('PRAGMA journal_mode').get()).toEqual({ journal_mode: 'wal' });
    file.close();
  });

  it('is reported in one sentence if it is damaged', async () => {
    const store = await openIn(folder);
    await appendEvents(store, 'contract-1', [{}]);
    await store.close();
    const file = join(folder, 'events.sqlite');
    const bytes = readFileSync(file);
    writeFileSync(file, bytes.fill(0x5a, 0, 2048));
    await expect(openIn(folder)).rejects.toMatchObject({ code: 'event-store/unreadable' });
    await expect(openIn(folder)).rejects.toThrow(`The event store ${file} is damaged; restore it from a backup.`);
  });

  it('is rejected if it is the database of another program or a newer release', async () => {
    const store = await openIn(folder);
    await store.close();
    const file = new DatabaseSync(join(folder, 'events.sqlite'));
    file.exec('PRAGMA user_version = 99');
    await expect(openIn(folder)).rejects.toThrow('was written by a newer release');
    file.exec('PRAGMA user_version = 1; PRAGMA application_id = 7');
    await expect(openIn(folder)).rejects.toThrow('is a database of another program');
    file.close();
  });

  it('makes the store unavailable, without partial results, when it fails', async () => {
    const store = await openIn(folder);
    await appendEvents(store, 'contract-1', [{}]);
    const file = new DatabaseSync(join(folder, 'events.sqlite'));
    file.exec('DROP TABLE events');
    await expect(store.append('contract-2', sealedEvents('contract-2', [{}]), -1)).rejects.toMatchObject({
      code: 'event-store/unavailable',
    });
    await expect(store.head()).rejects.toMatchObject({ code: 'event-store/unavailable' });
    file.close();
    await store.close();
  });

  it('use-L4: rejects appends while the disk is full, remains readable, and loses nothing', async () => {
    const { file, storeId } = openDatabase({ folder, ids, log: silentLogger });
    const store = eventStoreOver(file, storeId, clock);
    await appendEvents(store, 'contract-1', [{}]);
    const pages = Number(file.database.prepare('PRAGMA page_count').get()?.['page_count']);
    file.database.exec(`PRAGMA max_page_count = ${pages}`);
    const large = sealedEvents('contract-2', [{ data: { text: 'x'.repeat(50_000) } }]);
    await expect(store.append('contract-2', large, -1)).rejects.toMatchObject({
      code: 'event-store/unavailable',
      isDiskFull: true,
      error: { code: 'platform/disk-full', kind: 'unavailable' },
    });
    const read: string[] = [];
    for await (const { stream } of store.readAll()) read.push(stream);
    expect(read).toEqual(['contract-1']);
    file.database.exec('PRAGMA max_page_count = 100000');
    expect(await store.append('contract-2', large, -1)).toMatchObject({ ok: true });
    expect((await store.head()).slice(-1)).toBe('2');
    await store.close();
  });

  it('F3: loses no acknowledged event when a process is killed, while another one uses the file', async () => {
    const store = await openIn(folder);
    const acknowledged: string[] = [];
    for (let round = 0; round < 3; round += 1) {
      const lines = await killedWriter(folder, 40);
      acknowledged.push(...lines);
      acknowledged.push((await appendEvents(store, `contract-here-${round}`, [{}])).position);
    }
    const stored = new Map<string, string>();
    for await (const event of store.readAll()) stored.set(event.position, event.id);
    for (const line of acknowledged) {
      const [at = '', id] = line.split(' ');
      expect(stored.has(at)).toBe(true);
      if (id !== undefined) expect(stored.get(at)).toBe(id);
    }
    expect(Number((await store.head()).slice(-20))).toBe(stored.size);
    await store.close();
  });
});

/**
 * Starts a process that appends continuously, kills it after some acknowledgements, and returns what it acknowledged.
 */
function killedWriter(folder: string, afterLines: number): Promise<string[]> {
  const script = join(import.meta.dirname, 'testdata', 'writer.ts');
  const loader = join(import.meta.dirname, '../../../../tools/typescript.mjs');
  const child = spawn(process.execPath, ['--import', loader, script, folder], { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  return new Promise((resolve, reject) => {
    child.stdout.on('data', (bytes: Buffer) => {
      text += bytes.toString();
      if (text.split('\n').length > afterLines) child.kill('SIGKILL');
    });
    child.on('error', reject);
    child.on('close', (code) => {
      const lines = text.split('\n').slice(0, -1); // the last line may be incomplete
      if (code === null) resolve(lines);
      else reject(new Error(`the writer ended by itself with ${code}`));
    });
  });
}
