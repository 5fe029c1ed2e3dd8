import { spawn, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { organizationEvents, type OrganizationEvent } from '#access';
import { appendEvents } from '#event-store/contract-suite';
import { openEmbeddedEventStore } from '#event-store/embedded';
import type { Fact, Projection } from '#kernel';
import { openEmbeddedReadStore } from '#read-store/embedded';
import { systemClock as clock, systemIds as ids } from '#runtime/system';
import { eventually, temporaryFolder } from '#testing';
import { createEventSourcing } from './create-event-sourcing.ts';
import type { Reactor } from './service.ts';
import { both, log } from './testdata/surroundings.ts';

/** Output of a process of testdata/reader-process.ts. */
interface Seen {
  readonly directory: string;
  readonly projection: string;
  readonly command: string;
  readonly reactions: number;
  readonly problems: readonly string[];
  readonly errors: readonly Readonly<Record<string, unknown>>[];
}

const root = join(import.meta.dirname, '../../..');

describe('use-L1: an event of a newer release', () => {
  const folder = temporaryFolder();
  const running: ChildProcess[] = [];
  afterEach(async () => {
    for (const child of running.splice(0)) {
      const ended = new Promise((resolve) => child.on('exit', resolve));
      child.stdin?.end();
      await ended;
    }
  });

  /**
   * Starts a process of the current release.
   *
   * @returns a function that returns its last output
   */
  function start(name: string): () => Seen {
    const script = join(import.meta.dirname, 'testdata', 'reader-process.ts');
    const child = spawn(process.execPath, ['--import', './tools/typescript.mjs', script, folder, name], {
      cwd: root,
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    running.push(child);
    let last: Seen | undefined;
    createInterface({ input: child.stdout }).on('line', (line) => (last = JSON.parse(line) as Seen));
    return () => {
      if (!last) throw new Error(`the process ${name} has said nothing yet`);
      return last;
    };
  }

  it('F16: stops directory, projections, reactors, and commands of the older of two releases, and the newer continues', async () => {
    const stores = await both(
      openEmbeddedEventStore({ folder, clock, ids, log }),
      openEmbeddedReadStore({ folder: join(folder, 'read'), log }),
    );
    const { eventStore, readStore } = stores;
    const bob = { memberId: 'bob', kind: 'person', role: 'admin' };
    const { position: before } = await appendEvents(eventStore, 'organization-1', [
      {
        type: 'organization.created.v1',
        data: { name: 'Acme', slug: 'acme', ownerId: 'ada', isDefault: false },
      },
      { type: 'organization.member-added.v1', data: { ...bob, memberId: 'eve' } },
      { type: 'organization.member-removed.v1', data: { memberId: 'eve' } },
      { type: 'organization.member-added.v1', data: bob },
    ]);
    const processes = [start('platform'), start('platform')];
    await eventually(async () => {
      for (const seen of processes) expect(seen()).toMatchObject({ directory: 'admin', command: 'ok', problems: [] });
      expect(processes.map((seen) => seen().projection).toSorted()).toEqual(['following', 'live']);
      expect(processes.reduce((sum, seen) => sum + seen().reactions, 0)).toBe(1);
      for (const name of ['counts.v1', 'reactor.removals.v1'])
        expect((await readStore.checkpoint(name))?.position).toBe(before);
    });

    const { position } = await appendEvents(eventStore, 'organization-1', [
      { type: 'organization.member-removed.v2', data: { memberId: 'bob', reason: 'left' } },
    ]);
    await appendEvents(eventStore, 'organization-1', [
      { type: 'organization.member-removed.v1', data: { memberId: 'ada' } },
    ]);
    await eventually(async () => {
      for (const seen of processes) {
        expect(seen()).toMatchObject({
          directory: 'access/not-current',
          command: 'event-sourcing/newer-release',
          problems: [expect.stringContaining(`organization.member-removed.v2 at position ${position}`)],
        });
        const stopped = seen().errors.filter(({ reader }) => reader === 'directory of rights');
        expect(stopped).toMatchObject([{ type: 'organization.member-removed.v2', position }]); // once
      }
      // Each process has been the leader, and stopped before that event.
      for (const reader of ['projection counts.v1', 'reactor removals.v1'])
        expect(processes.some((seen) => seen().errors.some((error) => error['reader'] === reader))).toBe(true);
    });
    for (const name of ['counts.v1', 'reactor.removals.v1'])
      expect((await readStore.checkpoint(name))?.position).toBe(before);
    expect(processes.reduce((sum, seen) => sum + seen().reactions, 0)).toBe(1);

    // The newer release knows the type: it takes over the leases and continues at the stored positions.
    type Newer = OrganizationEvent | Fact<'organization.member-removed.v2', { readonly memberId: string }>;
    const events = {
      categories: organizationEvents.categories,
      types: { ...organizationEvents.types, 'organization.member-removed.v2': true },
    } as const;
    const reacted: string[] = [];
    const removals: Reactor<Newer, 'organization.member-removed.v1' | 'organization.member-removed.v2'> = {
      name: 'removals.v1',
      events,
      types: ['organization.member-removed.v1', 'organization.member-removed.v2'],
      react: async ({ event }) => void reacted.push(event.data.memberId),
    };
    const counts: Projection<Newer, { readonly events: number }> = {
      name: 'counts.v1',
      events,
      documentId: ({ metadata }) => metadata.stream,
      apply: (document) => ({ events: (document?.events ?? 0) + 1 }),
    };
    const newer = createEventSourcing({ eventStore, readStore, clock, ids, log, name: 'platform' });
    await newer.projections([counts]);
    newer.reactors([removals]);
    await eventually(async () => {
      expect(reacted).toEqual(['bob', 'ada']);
      expect(await newer.readModels.get(counts, 'organization-1')).toMatchObject({
        value: { document: { events: 6 } },
      });
    });
    for (const seen of processes)
      expect(seen()).toMatchObject({ directory: 'access/not-current', command: 'event-sourcing/newer-release' });
    await newer.close();
    await stores.close();
  });
});
