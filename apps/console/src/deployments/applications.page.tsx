import { Anchor, Button, MultiSelect } from '@mantine/core';
import { Link, useNavigate } from '@tanstack/react-router';
import { useCallback, useMemo } from 'react';
import { listApplicationsRequest, type ApplicationView } from '#deployments/contract';
import { choicesOf, FILTERS, matching, NO_FILTERS, selectedIn } from './application-filters.ts';
import { useAddress } from '../shared/address.ts';
import { commandFor } from '../shared/command-line.ts';
import { EmptyState } from '../shared/empty-state.tsx';
import { Page } from '../shared/page.tsx';
import { useOrg } from '../shared/params.ts';
import { NEW_APPLICATION } from '../shared/places.ts';
import { useAllPages } from '../shared/queries.ts';
import { ResourceTable, type Column } from '../shared/resource-table.tsx';
import { useRights } from '../shared/rights.ts';
import { StatusDot } from '../shared/status.tsx';
import { Time } from '../shared/time.tsx';

const columnsOf = (org: string): readonly Column<ApplicationView>[] => [
  {
    id: 'name',
    title: 'Name',
    value: ({ name }) => name,
    cell: ({ name }) => (
      <Anchor component={Link} to={`/o/${org}/apps/${name}`} fw={600}>
        {name}
      </Anchor>
    ),
  },
  { id: 'status', title: 'Status', value: ({ status }) => status, cell: ({ status }) => <StatusDot state={status} /> },
  { id: 'version', title: 'Version', value: ({ version }) => version, cell: ({ version }) => version, isWide: true },
  {
    id: 'profile',
    title: 'Profile',
    value: ({ profileName }) => profileName,
    cell: ({ profileName }) => profileName,
    isWide: true,
  },
  {
    id: 'cluster',
    title: 'Cluster',
    value: ({ clusterName }) => clusterName,
    cell: ({ clusterName }) => clusterName,
    isWide: true,
  },
  {
    id: 'source',
    title: 'Source',
    value: ({ sourceType, sourceRef }) => `${sourceType} ${sourceRef}`,
    cell: ({ sourceRef }) => sourceRef,
    isWide: true,
  },
  {
    id: 'created',
    title: 'Created',
    value: ({ createdAt }) => createdAt,
    cell: ({ createdAt }) => <Time at={createdAt} />,
  },
];

export default function ApplicationsPage() {
  const org = useOrg();
  const applications = useAllPages(listApplicationsRequest, { org });
  const [state, setState] = useAddress();
  const navigate = useNavigate();
  const { can } = useRights(org);
  const columns = useMemo(() => columnsOf(org), [org]);
  const open = useCallback(
    ({ name }: ApplicationView) => void navigate({ to: `/o/${org}/apps/${name}` }),
    [navigate, org],
  );
  const shown = useMemo(() => matching(applications.items, state), [applications.items, state]);
  const isFiltered = shown.length === 0 && applications.items.length > 0;
  const create = (
    <Button component={Link} to={`/o/${org}${NEW_APPLICATION}`} disabled={!can('application.deploy')}>
      New application
    </Button>
  );
  return (
    <Page title="Applications" action={create}>
      <ResourceTable
        label="applications"
        list={{ ...applications, items: shown }}
        columns={columns}
        keyOf={({ id }) => id}
        state={state}
        filters={<Filters items={applications.items} />}
        onState={(next) => setState({ q: next.q, sort: next.sort })}
        onOpen={open}
        empty={
          isFiltered ? (
            <NoMatch onClear={() => setState(NO_FILTERS)} />
          ) : (
            <EmptyState
              title="No applications yet"
              command={commandFor({ org }, 'app', 'apply', '-f', 'examples/hello-world.yaml', '--wait')}
              action={create}
            >
              An application is deployed from one short manifest, with an image, a chart, a git repository, or YAML.
            </EmptyState>
          )
        }
      />
    </Page>
  );
}

function NoMatch({ onClear }: { readonly onClear: () => void }) {
  return (
    <EmptyState
      title="No applications match the filters"
      action={
        <Button variant="default" onClick={onClear}>
          Remove filters
        </Button>
      }
    />
  );
}

/** A field for each filter; what was selected is shown as chips, and kept in the address. */
function Filters({ items }: { readonly items: readonly ApplicationView[] }) {
  const [state, setState] = useAddress();
  const choices = useMemo(() => choicesOf(items), [items]);
  return FILTERS.map(([filter, title]) => (
    <MultiSelect
      key={filter}
      aria-label={title}
      placeholder={state[filter] === undefined ? title : ''}
      data={[...choices[filter]]}
      value={[...selectedIn(state[filter])]}
      clearable
      clearButtonProps={{ 'aria-label': `Remove the filter ${title}` }}
      miw={150}
      onChange={(values) => setState({ [filter]: values.length === 0 ? undefined : values.join(',') })}
    />
  ));
}
