import { changePlanRequest, getSubscriptionRequest, getUsageRequest, listPlansRequest } from '#billing/contract';
import type { OutputOf } from '#bus/contract';
import { isCommandError, type Column, type Options, type Outcome, type Session } from '#cli';
import type { planCommands } from './commands.cli.ts';

/** Runs `org plan`: prints the plan of the organization and its limits. */
export async function planGet(_options: Options<typeof planCommands.planGet>, session: Session): Promise<Outcome> {
  const org = await session.organization();
  if (isCommandError(org)) return org;
  const found = await session.call(getSubscriptionRequest, { org });
  if (!found.ok) return found.failure;
  const { limits, ...rest } = found.value;
  const name = ({ plan }: { readonly plan: string }) => `plan/${plan}`;
  if (session.print.format === 'json' || session.print.format === 'yaml')
    await session.print.one(found.value, { lines: [] });
  else
    await session.print.one(
      { ...rest, ...limits },
      {
        lines: [
          'plan',
          'since',
          'members',
          'clusters',
          'applications',
          'profiles',
          'activeKeys',
          'deploymentsPerDay',
          'requestsPerMinute',
          'keyLifetimeDays',
          'auditDaysShown',
          'pricingUrl',
        ],
        name,
      },
    );
  return 0;
}

type Usage = OutputOf<typeof getUsageRequest>;

const DEPLOYMENT_COLUMNS: readonly Column<NonNullable<Usage['deployments']>[number]>[] = [
  { title: 'DEPLOYMENT', value: ({ application, version }) => `${version ?? '-'} of ${application ?? '-'}` },
  { title: 'TIME', value: ({ at }) => at },
  { title: 'BY', value: ({ by }) => by },
];

/** Runs `org usage`: prints each limit with its current use, and the deployments that count today. */
export async function usage(_options: Options<typeof planCommands.usage>, session: Session): Promise<Outcome> {
  const org = await session.organization();
  if (isCommandError(org)) return org;
  const found = await session.call(getUsageRequest, { org });
  if (!found.ok) return found.failure;
  const { print } = session;
  const name = ({ limit }: { readonly limit: string }) => `limit/${limit}`;
  if (print.format === 'json' || print.format === 'yaml') {
    await print.one(found.value, { lines: [] });
    return 0;
  }
  const { plan, limits, pendingInvitations, deployments } = found.value;
  const rows = Object.entries(limits).map(([limit, { used, limit: of }]) => ({ limit, used, of }));
  const columns: Column<(typeof rows)[number]>[] = [
    { title: 'LIMIT', value: ({ limit }) => limit },
    { title: 'USED', value: ({ used }) => used },
    { title: 'OF', value: ({ of }) => shownLimit(of) },
  ];
  await print.list(rows, { columns, name });
  if (print.format !== 'name' && deployments && deployments.length > 0) {
    print.line('');
    await print.list(deployments, {
      columns: DEPLOYMENT_COLUMNS,
      name: ({ application }) => `application/${application}`,
    });
  }
  if (pendingInvitations) print.note(`Pending invitations in members: ${pendingInvitations}`);
  print.note(`Plan: ${plan}. Compare all plans: astroctl org plan list`);
  return 0;
}

interface LimitRow {
  readonly limit: string;
  readonly values: Readonly<Record<string, string>>;
}

/** Runs `org plan list`: prints all plans of the catalogue as columns. */
export async function planList(_options: Options<typeof planCommands.planList>, session: Session): Promise<Outcome> {
  const listed = await session.call(listPlansRequest, {});
  if (!listed.ok) return listed.failure;
  const { items } = listed.value;
  if (session.print.format !== 'table' && session.print.format !== 'wide') {
    await session.print.list(items, { columns: [], name: ({ name }) => `plan/${name}` });
    return 0;
  }
  const [first] = items;
  const rows: LimitRow[] = Object.keys(first?.limits ?? {}).map((limit) => ({
    limit,
    values: Object.fromEntries(
      items.map(({ name, limits }) => [
        name,
        shownLimit(new Map<string, number | null>(Object.entries(limits)).get(limit)),
      ]),
    ),
  }));
  for (const field of ['selfService', 'customTiers', 'auditExport', 'support'] as const)
    rows.push({
      limit: field,
      values: Object.fromEntries(
        items.map((plan) => [
          plan.name,
          plan[field] === true ? 'yes' : plan[field] === false ? 'no' : String(plan[field]),
        ]),
      ),
    });
  const columns: Column<LimitRow>[] = [
    { title: 'LIMIT', value: ({ limit }) => limit },
    ...items.map(({ name }) => ({ title: name.toUpperCase(), value: ({ values }: LimitRow) => values[name] })),
  ];
  await session.print.list(rows, { columns, name: ({ limit }) => limit });
  const { pricingUrl, contact } = listed.value;
  session.print.note(`More: ${pricingUrl}${contact === null ? '' : `, or ask ${contact}`}`);
  return 0;
}

const shownLimit = (value: number | null | undefined): string =>
  value === null ? 'unlimited' : value === undefined ? '-' : String(value);

/** Runs `org plan set PLAN`. A dry run lists the limits that would change. */
export async function planSet(options: Options<typeof planCommands.planSet>, session: Session): Promise<Outcome> {
  const org = await session.organization();
  if (isCommandError(org)) return org;
  const dryRun = options['dry-run'];
  const present = dryRun ? await session.call(getSubscriptionRequest, { org }) : undefined;
  if (present?.ok === false) return present.failure;
  const changed = await session.call(changePlanRequest, { org, plan: options.plan }, { dryRun });
  if (!changed.ok) return changed.failure;
  const { plan, limits } = changed.value;
  const text = `plan/${plan} ${dryRun ? 'would be set (dry run)' : 'set'}`;
  await session.print.done(changed.value, { text, name: `plan/${plan}` });
  const after = new Map(Object.entries(limits));
  for (const [limit, value] of Object.entries(present?.value.limits ?? {}))
    if (after.get(limit) !== value)
      session.print.note(`${limit}: ${shownLimit(value)} → ${shownLimit(after.get(limit))}`);
  return 0;
}
