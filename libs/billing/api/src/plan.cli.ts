import { changePlanRequest, getSubscriptionRequest, listPlansRequest } from '#billing/contract';
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
  for (const field of ['customTiers', 'auditExport', 'support'] as const)
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
  session.print.note(`More: ${listed.value.pricingUrl}`);
  return 0;
}

const shownLimit = (value: number | null | undefined): string =>
  value === null ? 'unlimited' : value === undefined ? '-' : String(value);

/** Runs `org plan set PLAN`. */
export async function planSet(options: Options<typeof planCommands.planSet>, session: Session): Promise<Outcome> {
  const org = await session.organization();
  if (isCommandError(org)) return org;
  const changed = await session.call(changePlanRequest, { org, plan: options.plan });
  if (!changed.ok) return changed.failure;
  const text = `plan/${changed.value.plan} set`;
  await session.print.done(changed.value, { text, name: `plan/${changed.value.plan}` });
  return 0;
}
