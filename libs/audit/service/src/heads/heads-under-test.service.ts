import { directoryEvents, type DirectoryFact } from '#access';
import type { AuditHead } from '#audit/contract';
import { plansOfRequest } from '#billing/contract';
import { reply } from '#bus';
import type { OutputOf } from '#bus/contract';
import { silentLogger, type Clock, type Decider } from '#kernel';
import { answeringBus, openEmbedded } from '#testing/embedded';
import { LogReaders } from '../access/log-readers.service.ts';
import { TreeReader } from '../tree/tree-reader.service.ts';
import { treeProjection } from '../tree/tree.projection.ts';
import { AuditVerification } from './audit-verification.service.ts';
import { HeadSigning } from './head-signing.service.ts';
import { HeadsQueries } from './heads.queries.ts';
import { HeadsSweep } from './heads.sweep.ts';
import { headsProjection } from './heads.projection.ts';
import { SealedEvents } from './sealed-events.service.ts';
import { SigningKeys } from './signing-keys.service.ts';

export const ACME = 'a0000000-0000-7000-8000-000000000001';
export const OTHER = 'a0000000-0000-7000-8000-000000000002';
type Plan = OutputOf<typeof plansOfRequest>['plans'][string];
const plan = { plan: 'developer', defaultTier: 'basic', requestsPerMinute: 600, auditDaysShown: 30 };
const settings = { publicUrl: 'https://astro.acme.dev:8443/' };

/** Records any events, in place of the other contexts. */
const facts: Decider<null, readonly DirectoryFact[], DirectoryFact, never> = {
  events: directoryEvents,
  initialState: null,
  evolve: () => null,
  decide: (events) => ({ ok: true, value: events }),
};

/** Opens the context on a folder, with a clock that `later` advances. */
export async function openHeads(folder: string) {
  const embedded = await openEmbedded(folder);
  const { commands, readModels, vault, ids, eventStore, access } = embedded;
  await embedded.sourcing.projections([treeProjection, headsProjection]);
  let ahead = 0;
  const clock: Clock = { ...embedded.clock, now: () => embedded.clock.now() + ahead };
  let auditExport: Plan['auditExport'] = 'owner';
  const bus = answeringBus('audit', {
    [plansOfRequest.subject]: () => reply({ plans: { [ACME]: { ...plan, auditExport } }, pricingUrl: '' }),
  });
  const readers = new LogReaders(access, bus, clock);
  const keys = new SigningKeys(commands, vault, bus, ids, clock);
  const signing = new HeadSigning(commands, readModels, keys, bus, clock, settings);
  const tree = new TreeReader(readModels);
  const verification = new AuditVerification(eventStore, keys, clock);
  const sealed = new SealedEvents(eventStore, tree);
  const queries = new HeadsQueries(readModels, tree, sealed, verification, keys, readers, settings);
  const context = (organizationId = ACME) =>
    embedded.request(
      { kind: 'key', memberId: 'ada', memberKind: 'person', keyId: 'key_1', organizationId, role: 'owner' },
      { organizationId },
    );
  const level = async () => embedded.sourcing.control.waitUntilApplied(await eventStore.head());
  return {
    ...embedded,
    keys,
    queries,
    bus,
    clock,
    context,
    sweep: new HeadsSweep(readModels, signing, silentLogger),
    /** Changes by whom the plan lets the log be exported. */
    exportedBy: (who: Plan['auditExport']) => void (auditExport = who),
    later: (ms: number) => void (ahead += ms),
    level,
    async record(organizationId: string, ...events: DirectoryFact[]) {
      const stream = `organization-${organizationId}`;
      const recorded = await commands.run(facts, stream, events, context(organizationId));
      if (!recorded.ok) throw new Error(recorded.error.code);
      await level();
    },
    async head(): Promise<AuditHead> {
      await level();
      const found = await queries.head({ org: ACME }, context());
      if (!found.ok) throw new Error(found.error.code);
      return found.value;
    },
    async proof(input: { position: string } | { from: number; to?: number }) {
      const found = await queries.prove({ org: ACME, ...input }, context());
      if (!found.ok) throw new Error(found.error.code);
      return found.value;
    },
    /** Without a check of rights: no directory is current after a log was altered. */
    async verify() {
      const verified = await verification.verify(ACME);
      if (!verified.ok) throw new Error(verified.error.code);
      return verified.value;
    },
  };
}
export type Opened = Awaited<ReturnType<typeof openHeads>>;

export const created = (slug: string): DirectoryFact => ({
  type: 'organization.created.v1',
  data: { name: slug, slug, ownerId: 'ada', isDefault: false },
});
export const added = (n: number): DirectoryFact => ({
  type: 'organization.member-added.v1',
  data: { memberId: `user-${n}`, kind: 'person', role: 'viewer' },
});
