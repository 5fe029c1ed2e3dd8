import { Button, Group, Stack, Switch, Text } from '@mantine/core';
import { useEffect, useMemo, useState } from 'react';
import { useAddress } from '../shared/address.ts';
import { browserClock } from '../shared/browser.ts';
import { commandFor } from '../shared/command-line.ts';
import { CopyCommand } from '../shared/copy-command.tsx';
import { EmptyState } from '../shared/empty-state.tsx';
import { Loading } from '../shared/page.tsx';
import { Problem } from '../shared/problem.tsx';
import { ExportLog } from './export-log.tsx';
import { FilterForm } from './filter-form.tsx';
import { FILTER_NAMES, logCommand, logQuery, merged } from './log-filters.ts';
import { LogTable } from './log-table.tsx';
import { useLog, useTail } from './use-log.ts';

const PAGE = 100;
/** Entries of a page while a request is looked for, and the number of entries after which the search stops. */
const SEARCH_PAGE = 500;
const SEARCHED_AT_MOST = 10_000;

/** The audit log: filters, entries, and what arrives. */
export function LogView({ org }: { readonly org: string }) {
  const [address] = useAddress();
  const { at, live } = address;
  const [nowMs] = useState(browserClock.now);
  const given = JSON.stringify(FILTER_NAMES.map((name) => address[name]));
  const query = useMemo(
    () => logQuery({ ...address, until: address['until'] ?? at }, nowMs),
    // `given` has all filters of the address
    [given, at, nowMs],
  );
  const { request } = address;
  const log = useLog({ org, ...query, limit: request === undefined ? PAGE : SEARCH_PAGE });
  const isLive = live !== 'off' && query.until === undefined;
  const tail = useTail(isLive && !log.isPending && !log.error ? { org, ...query } : undefined, log.items[0]?.position);
  const entries = merged(tail.entries, log.items).filter(
    ({ requestId }) => request === undefined || requestId === request,
  );
  const { loadMore, isLoadingMore } = log;
  const isSearching = request !== undefined && entries.length === 0 && log.items.length < SEARCHED_AT_MOST;
  useEffect(() => {
    if (isSearching && !isLoadingMore) loadMore?.();
  });
  return (
    <Stack gap="md">
      <FilterForm key={given} entries={log.items} />
      <Toolbar org={org} query={query} isLiveAllowed={query.until === undefined} />
      {log.error && <Problem error={log.error} title="The audit log cannot be shown" onRetry={log.retry} />}
      {tail.error && <Problem error={tail.error} title="New entries cannot be followed" />}
      {log.isPending && <Loading lines={8} />}
      {!log.isPending &&
        !log.error &&
        entries.length === 0 &&
        (isSearching && loadMore ? <Loading /> : <Nothing org={org} />)}
      {entries.length > 0 && <LogTable org={org} entries={entries} />}
      {loadMore && entries.length > 0 && (
        <Button variant="default" onClick={loadMore} loading={isLoadingMore} style={{ alignSelf: 'start' }}>
          Load older entries
        </Button>
      )}
    </Stack>
  );
}

function Nothing({ org }: { readonly org: string }) {
  return (
    <EmptyState title="No entries match" command={commandFor({ org }, 'audit', 'list', '--since', '7d')}>
      Nothing was recorded with these filters, or your plan does not list days that long ago. Editors see their own
      actions only.
    </EmptyState>
  );
}

function Toolbar({
  org,
  query,
  isLiveAllowed,
}: {
  readonly org: string;
  readonly query: ReturnType<typeof logQuery>;
  readonly isLiveAllowed: boolean;
}) {
  const [{ live }, setAddress] = useAddress();
  return (
    <>
      <Group justify="space-between" gap="sm">
        <Group gap="sm">
          <Switch
            label="Live: show new entries"
            checked={live !== 'off' && isLiveAllowed}
            disabled={!isLiveAllowed}
            onChange={(event) => setAddress({ live: event.currentTarget.checked ? undefined : 'off' })}
          />
          {!isLiveAllowed && (
            <Text size="xs" c="dimmed">
              The end of the time range is in the past.
            </Text>
          )}
        </Group>
        <CopyCommand command={logCommand(query)} />
      </Group>
      <ExportLog org={org} query={query} />
    </>
  );
}
