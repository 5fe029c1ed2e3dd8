import { Button, SimpleGrid, Table, Text } from '@mantine/core';
import { getSubscriptionRequest, getUsageRequest, listPlansRequest } from '#billing/contract';
import type { OutputOf } from '#bus/contract';
import { useState, type ReactNode } from 'react';
import { CopyCommand } from '../shared/copy-command.tsx';
import { ExternalLink, Loaded, Section } from '../shared/page.tsx';
import { useOrg } from '../shared/params.ts';
import { useContract } from '../shared/queries.ts';
import { useRights, type Rights } from '../shared/rights.ts';
import { SettingsPage } from '../shared/settings-page.tsx';
import { Time } from '../shared/time.tsx';
import { ChangePlanDialog } from './change-plan-dialog.tsx';
import { LIMITS, limitText } from './limits.ts';
import { PlanBar } from './plan-bar.tsx';

type Catalog = OutputOf<typeof listPlansRequest>;
type Plan = Catalog['items'][number];

export default function PlanPage() {
  const org = useOrg();
  const [chosen, setChosen] = useState<Plan>();
  const subscription = useContract(getSubscriptionRequest, { org });
  const usage = useContract(getUsageRequest, { org }, { refreshMs: 60_000 });
  const plans = useContract(listPlansRequest, {});
  const current = subscription.data?.plan;
  return (
    <SettingsPage
      title="Plan"
      sentence={
        subscription.data && (
          <>
            {plans.data?.items.find(({ name }) => name === current)?.title ?? current}
            {subscription.data.since !== null && (
              <>
                , since <Time at={subscription.data.since} />
              </>
            )}
            .
          </>
        )
      }
    >
      <Section title="Usage" action={<CopyCommand command={`astroctl org usage --org ${org}`} />}>
        <Loaded query={usage} title="The usage cannot be shown">
          {({ limits, pendingInvitations }) => (
            <SimpleGrid cols={{ base: 1, sm: 2 }} spacing="lg">
              {LIMITS.map(({ key, title, counts, unit }) => (
                <PlanBar
                  key={key}
                  title={title}
                  unit={unit}
                  use={limits[key]}
                  counts={key === 'members' && pendingInvitations ? `${counts} ${pendingInvitations} pending.` : counts}
                />
              ))}
            </SimpleGrid>
          )}
        </Loaded>
      </Section>
      <Section title="Plans">
        <Loaded query={plans} title="The plans cannot be shown">
          {(catalog) => <Catalogue org={org} catalog={catalog} current={current} onChoose={setChosen} />}
        </Loaded>
      </Section>
      {chosen && <ChangePlanDialog org={org} plan={chosen} onClose={() => setChosen(undefined)} />}
    </SettingsPage>
  );
}

/** All plans side by side. */
function Catalogue({
  org,
  catalog,
  current,
  onChoose,
}: {
  readonly org: string;
  readonly catalog: Catalog;
  readonly current: string | undefined;
  readonly onChoose: (plan: Plan) => void;
}) {
  const rights = useRights(org);
  const plans = catalog.items;
  const row = (title: string, cell: (plan: Plan) => ReactNode) => (
    <Table.Tr key={title}>
      <Table.Th scope="row" fw={400}>
        {title}
      </Table.Th>
      {plans.map((plan) => (
        <Table.Td key={plan.name}>{cell(plan)}</Table.Td>
      ))}
    </Table.Tr>
  );
  return (
    <>
      <Table.ScrollContainer minWidth={320} scrollAreaProps={{ viewportProps: { tabIndex: 0, 'aria-label': 'Plans' } }}>
        <Table>
          <Table.Thead>
            <Table.Tr>
              <Table.Td />
              {plans.map(({ name, title }) => (
                <Table.Th key={name} scope="col">
                  {title}
                  {name === current && ' (present plan)'}
                </Table.Th>
              ))}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {LIMITS.map(({ key, title, unit }) => row(title, ({ limits }) => limitText(limits[key], unit)))}
            {row('Custom tiers', ({ customTiers }) => (customTiers ? 'yes' : 'no'))}
            {row('Export of the audit log', ({ auditExport }) => auditExport)}
            {row('Support', ({ support }) => support)}
            {row('Change', (plan) =>
              plan.name === current ? (
                '–'
              ) : (
                <Choice
                  plan={plan}
                  present={plans.find(({ name }) => name === current)}
                  rights={rights}
                  onChoose={onChoose}
                />
              ),
            )}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
      <Text c="dimmed">
        <ExternalLink href={catalog.pricingUrl}>Compare prices</ExternalLink>
        {catalog.contact !== null && `. Questions about plans: ${catalog.contact}`}
      </Text>
    </>
  );
}

function Choice({
  plan,
  present,
  rights,
  onChoose,
}: {
  readonly plan: Plan;
  readonly present: Plan | undefined;
  readonly rights: Rights;
  readonly onChoose: (plan: Plan) => void;
}) {
  if (!rights.can('plan.change')) return <>Ask an owner</>;
  const isOwn = rights.globalRole === 'admin' || (plan.selfService && (present?.selfService ?? false));
  if (!isOwn) return <>Set by the platform admin</>;
  return (
    <Button variant="default" onClick={() => onChoose(plan)}>
      Change to {plan.title}
    </Button>
  );
}
