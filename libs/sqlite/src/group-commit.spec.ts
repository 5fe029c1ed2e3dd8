import { silentLogger } from '#kernel';
import { temporaryFolder } from '#testing';
import { join } from 'node:path';
import { createGroupCommit, openSqlite, type GroupCommitOptions } from './index.ts';

const root = temporaryFolder();
let folders = 0;

function opened(options: GroupCommitOptions = {}) {
  const file = openSqlite({
    folder: join(root, String((folders += 1))),
    fileName: 'things.sqlite',
    title: 'The store of things',
    synchronous: 'FULL',
    layouts: ['CREATE TABLE things (name TEXT PRIMARY KEY);'],
    log: silentLogger,
    errorOf: ({ kind, sentence }) => new Error(`${kind}: ${sentence}`),
  });
  const insert = file.database.prepare('INSERT INTO things VALUES (?)');
  const names = () =>
    file.database
      .prepare('SELECT name FROM things')
      .all()
      .map(({ name }) => String(name));
  return { file, names, commits: createGroupCommit(file, options), insert: (name: string) => () => insert.run(name) };
}

describe('a group commit', () => {
  it('commits the writes of one turn of the event loop in one transaction', async () => {
    const seen: string[] = [];
    const { commits, insert, names, file } = opened({
      onBegin: () => seen.push('begun'),
      committed: () => seen.push('committed'),
    });
    await Promise.all(['a', 'b', 'c'].map((name) => commits.write(insert(name))));
    await commits.write(insert('d'));
    expect(seen).toEqual(['begun', 'committed', 'begun', 'committed']);
    expect(names()).toEqual(['a', 'b', 'c', 'd']);
    file.close();
  });

  it('commits large writes in several turns of the event loop', async () => {
    const groups: number[][] = [];
    const turns: number[] = [];
    let turn = 0;
    const { commits, insert, file } = opened({
      onBegin() {
        groups.push([]);
        turns.push(turn);
        setImmediate(() => (turn += 1));
      },
    });
    const MEGABYTE = 1024 * 1024;
    const sizes = [0, MEGABYTE / 2, MEGABYTE / 2, 1, 3 * MEGABYTE, 0];
    const write = (n: number) => () => {
      insert(String(n))();
      groups.at(-1)?.push(n);
    };
    await Promise.all(sizes.map((bytes, n) => commits.write(write(n), bytes)));
    expect(groups).toEqual([[0, 1, 2], [3], [4], [5]]);
    expect(turns).toEqual([0, 1, 2, 3]);
    file.close();
  });

  it('resolves with the result of each action after the commit', async () => {
    const { commits, file, insert } = opened();
    const inTransaction: boolean[] = [];
    const responses = ['a', 'b'].map((name) =>
      commits
        .write(() => {
          insert(name)();
          return name.toUpperCase();
        })
        .then((response) => (inTransaction.push(file.database.isTransaction), response)),
    );
    expect(await Promise.all(responses)).toEqual(['A', 'B']);
    expect(inTransaction).toEqual([false, false]);
    file.close();
  });

  it('rejects only the action that throws, and rolls it back', async () => {
    let abandonedCount = 0;
    const { commits, insert, names, file } = opened({ rolledBack: () => (abandonedCount += 1) });
    const outcomes = await Promise.allSettled([
      commits.write(insert('a')),
      commits.write(() => {
        insert('half')();
        throw new RangeError('no');
      }),
      commits.write(insert('a')), // exists already
      commits.write(insert('b')),
    ]);
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected', 'fulfilled']);
    expect(outcomes[1]).toMatchObject({ reason: expect.any(RangeError) });
    expect(outcomes[2]).toMatchObject({ reason: { message: expect.stringMatching(/^other: .*UNIQUE/) } });
    expect(names()).toEqual(['a', 'b']);
    expect(abandonedCount).toBe(2);
    file.close();
  });

  it('use-L4: rejects and rolls back a group when the disk is full, and commits the next one', async () => {
    const { commits, insert, names, file } = opened();
    await commits.write(insert('first'));
    const pages = Number(file.database.prepare('PRAGMA page_count').get()?.['page_count']);
    file.database.exec(`PRAGMA max_page_count = ${pages}`);
    const outcomes = await Promise.allSettled([
      commits.write(insert('a')),
      commits.write(insert('x'.repeat(100_000))),
      commits.write(insert('b')),
    ]);
    for (const outcome of outcomes)
      expect(outcome).toMatchObject({ reason: { message: expect.stringMatching(/^full: /) } });
    expect(names()).toEqual(['first']);
    file.database.exec('PRAGMA max_page_count = 100000');
    await commits.write(insert('second'));
    expect(names()).toEqual(['first', 'second']);
    file.close();
  });

  it('commits several groups, and settles after the last one', async () => {
    const { commits, insert, names, file } = opened();
    const writes = Array.from({ length: 2_500 }, (_, n) => commits.write(insert(`n${n}`)));
    await commits.settled();
    expect(names()).toHaveLength(2_500);
    await Promise.all(writes);
    await commits.settled();
    file.close();
  });
});
