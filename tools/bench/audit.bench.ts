// Verification of all hash chains, and pages of the audit log of one organization whose log grows.
import { reply } from '#bus';
import { sealEvents, verifyLog, type EventStore } from '#event-store';
import { openEmbeddedEventStore } from '#event-store/embedded';
import { peopleRequest } from '#identity/contract';
import { answeringBus, openEmbedded, type Embedded } from '#testing/embedded';
import { logProjection } from '../../libs/audit/service/src/log/log.projection.ts';
import { AuditLog } from '../../libs/audit/service/src/log/log.service.ts';
import { namesProjection } from '../../libs/audit/service/src/log/names.projection.ts';
import { fill } from './event-sourcing.parts.ts';
import { benchEvent } from './event-store.parts.ts';
import type { Row } from './row.ts';
import { surroundings, withFolder } from './surroundings.ts';

const STREAMS = 2_500;
const LENGTH = 100;
/** Events of the organization when its pages are measured. */
const EVENTS = { few: 10_000, many: Number(process.env['ASTRO_BENCH_AUDIT_EVENTS'] ?? 1_000_000) };
const ORGANIZATION = '0193f2a4-11de-7a90-b6c7-2f8f0b6d9c02';
const MEMBERS = 50;
const ROUNDS = 40;
const LIMIT = 100;

export async function run(): Promise<Row[]> {
  return [...(await withFolder(verification)), await withFolder(pages)];
}

async function verification(folder: string): Promise<Row[]> {
  const store = await openEmbeddedEventStore({ folder, ...surroundings });
  await Promise.all(Array.from({ length: STREAMS }, (_, n) => fill(store, `bench-${n}`, LENGTH)));
  const used = process.cpuUsage();
  const startedMs = performance.now();
  const { events } = await verified(store);
  const seconds = (performance.now() - startedMs) / 1_000;
  const { user, system } = process.cpuUsage(used);
  await store.close();
  const row = (name: string, duration: number): Row => ({
    name: `verification of all hash chains, ${STREAMS} streams of ${LENGTH} events${name}`,
    unit: 'events/s',
    ours: events / duration,
    goal: '>= 200,000',
  });
  return [row('', seconds), row(', by processor time', (user + system) / 1_000_000)];
}

/** Verifies the log, which must not have a fault. */
async function verified(store: EventStore): Promise<{ readonly events: number }> {
  const step = await verifyLog(store).next();
  if (!step.done || step.value.events !== STREAMS * LENGTH) throw new Error('the verification is not what was written');
  return step.value;
}

async function pages(folder: string): Promise<Row> {
  const embedded = await openEmbedded(folder);
  const { readModels, sourcing } = embedded;
  await sourcing.projections([logProjection, namesProjection]);
  const bus = answeringBus('audit', { [peopleRequest.subject]: () => reply({ people: [] }) });
  const log = new AuditLog(readModels, bus);
  await grow(embedded, 0, EVENTS.few);
  const few = await pageMs(embedded, log, EVENTS.few);
  await grow(embedded, EVENTS.few, EVENTS.many);
  const many = await pageMs(embedded, log, EVENTS.many);
  await embedded.close();
  return {
    name: `page of the audit log, ${EVENTS.many} events of the organization compared with ${EVENTS.few}: median`,
    unit: 'ms',
    ours: many,
    raw: few,
    ratio: few / many,
    goal: '<= 3 times (ratio >= 0.33)',
  };
}

const timeOf = (n: number): string => new Date(Date.UTC(2026, 0, 1) + n * 1_000).toISOString();

/** Appends the events `from` to `to` of the organization, and waits until its audit log has them. */
async function grow({ eventStore, sourcing }: Embedded, from: number, to: number): Promise<void> {
  const batch = 500;
  for (let at = from; at < to; at += batch) {
    const stream = `application-bench-${at}`;
    const sealed = sealEvents(
      Array.from({ length: batch }, (_, revision) => ({
        ...benchEvent('application.paused.v1', stream, revision, at + revision),
        recordedAt: timeOf(at + revision),
        actor: `member-${(at + revision) % MEMBERS}`,
        organizationId: ORGANIZATION,
      })),
      '',
    );
    const outcome = await eventStore.append(stream, sealed, -1);
    if (!outcome.ok) throw new Error(outcome.error.code);
    if (at % 50_000 === 0) await sourcing.control.waitUntilApplied(await eventStore.head());
  }
  await sourcing.control.waitUntilApplied(await eventStore.head());
}

/**
 * Returns the median time of pages as an administrator reads them: the newest ones, by member, and of an earlier time.
 */
async function pageMs({ eventStore, request }: Embedded, log: AuditLog, events: number): Promise<number> {
  const times: number[] = [];
  const atLeast = await eventStore.head();
  const context = request({ kind: 'login', userId: 'member-0' }, { organizationId: ORGANIZATION });
  for (let round = 0; round < ROUNDS; round++)
    for (const filter of [
      {},
      { actor: `member-${round % MEMBERS}` },
      { action: 'application.paused', until: timeOf(Math.floor((events * (round + 1)) / (ROUNDS + 1))) },
    ]) {
      const startedMs = performance.now();
      const page = await log.page(ORGANIZATION, filter, { limit: LIMIT, atLeast });
      if (!page.ok || page.value.entries.length !== LIMIT) throw new Error('a page has another length');
      await log.shown(page.value.entries, ORGANIZATION, context);
      times.push(performance.now() - startedMs);
    }
  return times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)] ?? Number.NaN;
}
