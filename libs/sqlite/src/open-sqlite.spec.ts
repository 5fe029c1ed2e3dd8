import { existsSync, mkdirSync, readdirSync, statSync, writeFileSync, chmodSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { silentLogger } from '#kernel';
import { temporaryFolder } from '#testing';
import { openSqlite, type SqliteFailure, type SqliteOptions } from './index.ts';

class EngineError extends Error {
  constructor(readonly failure: SqliteFailure) {
    super(failure.sentence);
  }
}

const root = temporaryFolder();
const FIRST = 'CREATE TABLE things (name TEXT PRIMARY KEY);';
const SECOND = "ALTER TABLE things ADD COLUMN colour TEXT NOT NULL DEFAULT 'blue';";

const open = (folder: string, more: Partial<SqliteOptions> = {}) =>
  openSqlite({
    folder: join(root, folder),
    fileName: 'things.sqlite',
    title: 'The store of things',
    synchronous: 'FULL',
    layouts: [FIRST],
    log: silentLogger,
    errorOf: (failure) => (failure.kind === 'other' ? undefined : new EngineError(failure)),
    ...more,
  });
const fileIn = (folder: string) => join(root, folder, 'things.sqlite');
const failureOf = (action: () => unknown): SqliteFailure => {
  try {
    action();
  } catch (error) {
    if (error instanceof EngineError) return error.failure;
    throw error;
  }
  throw new Error('nothing was thrown');
};
/** Prevents the file from growing. SQLite then fails as on a full disk. */
const fillDisk = (database: DatabaseSync) => {
  const pages = Number(database.prepare('PRAGMA page_count').get()?.['page_count']);
  database.exec(`PRAGMA max_page_count = ${pages}`);
};

describe('a SQLite file', () => {
  it('has a write-ahead log, the requested settings, and the latest layout', () => {
    const { database, close } = open('new', { layouts: [FIRST, SECOND], pragmas: 'PRAGMA cache_size = -1234;' });
    const value = (name: string) => Object.values(database.prepare(`PRAGMA ${name}`).get() ?? {})[0];
    expect([value('journal_mode'), value('synchronous'), value('cache_size'), value('user_version')]).toEqual([
      'wal',
      2,
      -1234,
      2,
    ]);
    database.exec("INSERT INTO things (name, colour) VALUES ('a', 'red')");
    close();
  });

  it('with an older layout is migrated and keeps its content', () => {
    const old = open('older');
    old.database.exec("INSERT INTO things (name) VALUES ('a')");
    old.close();
    const file = open('older', { layouts: [FIRST, SECOND] });
    expect(file.database.prepare('SELECT name, colour FROM things').all()).toEqual([{ name: 'a', colour: 'blue' }]);
    file.close();
  });

  it('is unchanged when a migration fails', () => {
    open('failing').close();
    expect(() => open('failing', { layouts: [FIRST, `${SECOND} CREATE TABLE things (x)`] })).toThrow('already exists');
    const file = open('failing', { layouts: [FIRST, SECOND] });
    expect(file.database.prepare('PRAGMA user_version').get()).toEqual({ user_version: 2 });
    file.close();
  });

  it('of a newer release is refused and not changed', () => {
    open('newer', { layouts: [FIRST, SECOND] }).close();
    expect(failureOf(() => open('newer'))).toMatchObject({
      kind: 'newer',
      isOpening: true,
      sentence: `The store of things ${fileIn('newer')} was written by a newer release of the platform; start that release.`,
    });
    expect(failureOf(() => open('newer', { whenDeleted: 'it is built again' })).sentence).toMatch(
      /start that release, or delete the file: it is built again\.$/,
    );
  });

  it('of another program is refused and not changed', () => {
    mkdirSync(join(root, 'foreign'));
    const other = new DatabaseSync(fileIn('foreign'));
    other.exec('CREATE TABLE theirs (x)');
    other.close();
    expect(failureOf(() => open('foreign'))).toMatchObject({ kind: 'foreign', isOpening: true });
    expect(readdirSync(join(root, 'foreign'))).toEqual(['things.sqlite']);
    const again = new DatabaseSync(fileIn('foreign'));
    expect(again.prepare('PRAGMA journal_mode').get()).toEqual({ journal_mode: 'delete' });
    again.close();
  });

  it('of another store is refused', () => {
    open('kind', { applicationId: 7 }).close();
    expect(failureOf(() => open('kind', { applicationId: 8 })).kind).toBe('foreign');
    open('kind', { applicationId: 7 }).close();
  });

  it('that is damaged is refused with what to do', () => {
    mkdirSync(join(root, 'damaged'));
    writeFileSync(fileIn('damaged'), 'no database, but long enough to be taken for one '.repeat(100));
    expect(failureOf(() => open('damaged'))).toMatchObject({
      kind: 'damaged',
      sentence: `The store of things ${fileIn('damaged')} is damaged; restore it from a backup.`,
    });
    expect(readdirSync(join(root, 'damaged'))).toEqual(['things.sqlite']);
  });

  it('that cannot be created is refused with the reason', () => {
    writeFileSync(join(root, 'file'), '');
    expect(failureOf(() => open('file'))).toMatchObject({
      kind: 'unavailable',
      sentence: expect.stringContaining('cannot be opened (a file of that name exists)'),
    });
  });

  it('can be opened by two processes', () => {
    const files = Array.from({ length: 3 }, () => open('shared'));
    files[0]?.database.exec("INSERT INTO things VALUES ('a')");
    expect(files.map(({ database }) => database.prepare('SELECT name FROM things').all())).toEqual(
      files.map(() => [{ name: 'a' }]),
    );
    for (const { close } of files) close();
  });

  it('use-S16: and its write-ahead log are accessible to their owner only, even those of earlier releases', () => {
    const modes = () => {
      const names = readdirSync(join(root, 'modes')).filter((name) => name.startsWith('things'));
      expect(names).toHaveLength(3);
      return names.map((name) => statSync(join(root, 'modes', name)).mode & 0o777);
    };
    const earlier = open('modes');
    earlier.database.exec("INSERT INTO things VALUES ('a')");
    expect(modes()).toEqual([0o600, 0o600, 0o600]);
    for (const name of readdirSync(join(root, 'modes'))) chmodSync(join(root, 'modes', name), 0o644);
    const file = open('modes');
    expect(modes()).toEqual([0o600, 0o600, 0o600]);
    file.close();
    earlier.close();
  });

  it('is unchanged by a transaction that throws', () => {
    const file = open('transaction');
    expect(() =>
      file.run(() =>
        file.transaction(() => {
          file.database.exec("INSERT INTO things VALUES ('a')");
          throw new RangeError('no');
        }),
      ),
    ).toThrow(RangeError);
    expect(file.transaction(() => file.database.prepare('SELECT * FROM things').all())).toEqual([]);
    file.close();
  });

  it('use-L4: on a full disk rejects writes, can be read, and later accepts what fits', () => {
    const file = open('full');
    const insert = file.database.prepare('INSERT INTO things VALUES (?)');
    insert.run('first');
    fillDisk(file.database);
    const failure = failureOf(() => file.run(() => file.transaction(() => insert.run('x'.repeat(100_000)))));
    expect(failure).toMatchObject({
      kind: 'full',
      isOpening: false,
      sentence: `The store of things ${fileIn('full')} cannot be written: the disk is full (database or disk is full).`,
    });
    expect(file.run(() => file.database.prepare('SELECT count(*) AS n FROM things').get())).toEqual({ n: 1 });
    file.run(() => file.transaction(() => insert.run('small')));
    file.close();
  });

  it('passes errors of the caller on unchanged', () => {
    const file = open('defect');
    expect(() => file.run(() => file.database.exec('SELECT * FROM missing'))).toThrow('no such table');
    file.close();
  });

  it('rejects every call after it was closed', () => {
    const file = open('closed');
    file.close();
    file.close();
    expect(failureOf(() => file.run(() => 1))).toMatchObject({ kind: 'unavailable', isOpening: false });
    expect(existsSync(`${fileIn('closed')}-wal`)).toBe(false);
  });
});
