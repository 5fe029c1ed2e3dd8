import { randomUUID } from 'node:crypto';
import { copyFileSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { silentLogger } from '#kernel';
import { temporaryFolder } from '#testing';
import { ACME, added, created, openHeads, type Opened } from '../heads/heads-under-test.service.ts';
import { HeadPublishingSweep } from './head-publishing.sweep.ts';
import { HeadSink } from './head-sink.service.ts';

const root = temporaryFolder();

describe('published heads', () => {
  let opened: Opened;
  beforeEach(async () => {
    opened = await openHeads(join(root, randomUUID()));
    await opened.record(ACME, created('acme'), added(1), added(2));
  });
  afterEach(() => opened.close());

  const sign = async () => {
    await opened.sweep.run(new AbortController().signal);
    await opened.level();
  };

  it('are written once an hour while the log grows, and an alarm tells of another head of the same size', async () => {
    const folder = join(root, randomUUID());
    const errors: string[] = [];
    const logger = { ...silentLogger, error: (_: object, message: string) => void errors.push(message) };
    const sink = new HeadSink({ configuration: { auditSink: { kind: 'folder', path: folder } } }, opened.ids);
    const { readModels, commands, bus, clock } = opened;
    const publishing = new HeadPublishingSweep(readModels, commands, bus, clock, logger, sink);
    const publish = async () => {
      await publishing.run(new AbortController().signal);
      await opened.level();
    };
    const published = () => readdirSync(join(folder, ACME)).map((name) => Number.parseInt(name, 10));

    await sign();
    await publish();
    expect(readFileSync(join(folder, ACME, `${'3'.padStart(20, '0')}.checkpoint`), 'utf8')).toBe(
      (await opened.head()).note,
    );
    await opened.record(ACME, added(3));
    opened.later(60_000);
    await sign();
    await publish();
    expect(published()).toEqual([3]);
    opened.later(60 * 60_000);
    await publish();
    await publish();
    expect(published()).toEqual([3, 4]);
    expect(errors).toEqual([]);

    await opened.record(ACME, added(4));
    opened.later(60 * 60_000);
    await sign();
    const [of3 = ''] = readdirSync(join(folder, ACME));
    copyFileSync(join(folder, ACME, of3), join(folder, ACME, of3.replace('3', '5')));
    await publish();
    expect(errors).toEqual([expect.stringContaining('the audit log was written again')]);
  });
});
