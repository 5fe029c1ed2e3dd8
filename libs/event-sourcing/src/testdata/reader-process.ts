// node --import ./tools/typescript.mjs reader-process.ts FOLDER NAME: follows the log in FOLDER as a process of this
// release, and prints its state as JSON lines until its input ends.
import { join } from 'node:path';
import process from 'node:process';
import { organizationEvents, type OrganizationEvent } from '#access';
import { openEmbeddedEventStore } from '#event-store/embedded';
import { ok, type Decider, type Logger, type Projection } from '#kernel';
import { openEmbeddedReadStore } from '#read-store/embedded';
import { systemClock as clock, systemIds as ids } from '#runtime/system';
import { createEventSourcing } from '../create-event-sourcing.ts';
import type { Reactor } from '../service.ts';
import { request } from './accounts.ts';
import { log } from './surroundings.ts';

const [folder = '', name = ''] = process.argv.slice(2);

const counts: Projection<OrganizationEvent, { readonly events: number }> = {
  name: 'counts.v1',
  events: organizationEvents,
  documentId: ({ metadata }) => metadata.stream,
  apply: (document) => ({ events: (document?.events ?? 0) + 1 }),
};
const renaming: Decider<number, string, OrganizationEvent, never> = {
  events: organizationEvents,
  initialState: 0,
  evolve: (count) => count + 1,
  decide: (slug) => ok([{ type: 'organization.renamed.v1', data: { name: slug, slug } }]),
};
let reactions = 0;
const removals: Reactor<OrganizationEvent, 'organization.member-removed.v1'> = {
  name: 'removals.v1',
  events: organizationEvents,
  types: ['organization.member-removed.v1'],
  react: async () => void (reactions += 1),
};

const errors: unknown[] = [];
const recording: Logger = { ...log, error: (fields, message) => errors.push({ ...fields, message }) };
const eventStore = await openEmbeddedEventStore({ folder, clock, ids, log });
const readStore = await openEmbeddedReadStore({ folder: join(folder, 'read'), log });
const source = createEventSourcing({ eventStore, readStore, clock, ids, log: recording, name });
await source.projections([counts]);
source.reactors([removals]);

process.stdin.resume().on('end', () => process.exit(0));
for (;;) {
  const access = await source.access.current();
  const [projection] = await source.control.status();
  const planned = await source.commands.plan(renaming, 'organization-1', 'other', request(ids.uuid()));
  const state = {
    directory: access.ok ? (access.value.organization('acme')?.members.get('bob')?.role ?? 'none') : access.error.code,
    projection: projection?.state,
    command: planned.ok ? 'ok' : planned.error.code,
    reactions,
    problems: source.problems(),
    errors,
  };
  process.stdout.write(`${JSON.stringify(state)}\n`);
  await new Promise((resolve) => setTimeout(resolve, 20));
}
