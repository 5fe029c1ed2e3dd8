import { can, PERMISSIONS, RightsHistory, type RightsFact } from '#access';
import { position } from '#kernel';
import { knownDirectory, keyContext, ORGANIZATION } from './edge.parts.ts';
import type { Row } from './row.ts';
import { perProcessorSecond, perSecond } from './surroundings.ts';

const DECISIONS = 3_000_000;
const PAST_DECISIONS = 1_000_000;
const EVENTS = 1_000_000;
const ORGANIZATIONS = 1_000;
const START = Date.UTC(2026, 0, 1);

export async function run(): Promise<Row[]> {
  const { principal } = keyContext();
  const scope = { organizationId: ORGANIZATION };
  const decide = (): void => {
    let allowed = 0;
    for (let n = 0; n < DECISIONS; n++)
      if (can(principal, n % 2 ? 'application.read' : 'members.manage', scope, knownDirectory, n).allowed) allowed++;
    if (allowed !== DECISIONS) throw new Error('a decision came out wrong');
  };
  decide();
  const past = await pastOfMillion();
  const ofPast = {
    name: 'decision as of a past time, over 1,000,000 events of rights',
    unit: 'decisions/s',
    goal: '>= 500,000',
  };
  return [
    {
      name: 'decision of authorization in the process',
      unit: 'decisions/s',
      ours: await perSecond(DECISIONS, decide),
      goal: '>= 1,000,000',
    },
    { ...ofPast, ours: await perSecond(PAST_DECISIONS, past) },
    {
      ...ofPast,
      name: `${ofPast.name}, by processor time`,
      ours: await perProcessorSecond(PAST_DECISIONS, past),
    },
  ];
}

/** Folds a million events of rights, and returns a function that decides at random earlier times. */
async function pastOfMillion(): Promise<() => void> {
  const history = new RightsHistory();
  const apply = (index: number, stream: string, event: RightsFact): void =>
    history.apply({
      event,
      metadata: {
        id: `event-${index}`,
        stream,
        revision: index,
        position: position('benchstore', index + 1),
        recordedAt: new Date(START + index * 1_000).toISOString(),
        actor: 'ada',
        commandId: 'c',
        correlationId: 'r',
        causationId: 'c',
      },
    });
  for (let index = 0; index < EVENTS; index++) {
    const slug = `o${index % ORGANIZATIONS}`;
    const memberId = `user-of-${slug}`;
    const round = Math.floor(index / ORGANIZATIONS);
    if (round === 0)
      apply(index, `organization-${slug}`, {
        type: 'organization.created.v1',
        data: { name: slug, slug, ownerId: 'ada', isDefault: false },
      });
    else if (round === 1)
      apply(index, `user-${memberId}`, { type: 'user.registered.v1', data: { globalRole: 'developer' } });
    else if (round === 2)
      apply(index, `organization-${slug}`, {
        type: 'organization.member-added.v1',
        data: { memberId, kind: 'person', role: 'editor' },
      });
    else
      apply(index, `organization-${slug}`, {
        type: 'organization.member-role-changed.v1',
        data: { memberId, role: round % 2 ? 'admin' : 'editor' },
      });
    if (index % 10_000 === 0) await new Promise(setImmediate);
  }
  return () => {
    const allowed = { editor: 0, admin: 0 };
    for (let n = 0; n < PAST_DECISIONS; n++) {
      const slug = `o${n % ORGANIZATIONS}`;
      const at = history.asOfTime(START + ((n * 7_919) % EVENTS) * 1_000);
      if (!at) continue;
      const rights = history.rightsAt(at.sequence);
      const principal = { kind: 'login', userId: `user-of-${slug}` } as const;
      const table = history.policyAt(at.sequence)?.table ?? PERMISSIONS;
      const decision = can(principal, 'application.deploy', { organizationId: slug }, rights, at.nowMs, table);
      if (decision.reason.role === 'editor' || decision.reason.role === 'admin') allowed[decision.reason.role]++;
    }
    if (Math.min(allowed.editor, allowed.admin) < PAST_DECISIONS / 4) throw new Error(JSON.stringify(allowed));
  };
}
