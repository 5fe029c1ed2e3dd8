import { ActionIcon, Button, Group, Select, Stack, Switch, Text, TextInput } from '@mantine/core';
import { ChevronDownIcon, ChevronUpIcon, DownloadIcon, SearchIcon } from '@primer/octicons-react';
import { useDeferredValue, useMemo, useState } from 'react';
import { applicationLogsRequest, applicationStatusRequest, type ApplicationView } from '#deployments/contract';
import { useAddress } from '../shared/address.ts';
import { commandLine } from '../shared/command-line.ts';
import { CopyCommand } from '../shared/copy-command.tsx';
import { EmptyState } from '../shared/empty-state.tsx';
import { Loading } from '../shared/page.tsx';
import { useOrg } from '../shared/params.ts';
import { Problem } from '../shared/problem.tsx';
import { useContract } from '../shared/queries.ts';
import { ApplicationFrame, lookEveryMs } from './application-frame.tsx';
import { useRefusal } from './application-rights.ts';
import { appended, filtered, indexOfLine, logText, matchesIn, type LogEntry } from './log-buffer.ts';
import { LogView } from './log-view.tsx';
import { useStream } from './use-stream.ts';

/** Newest lines of each container that are read at first. */
const TAIL = 1_000;
const NO_LINES: readonly LogEntry[] = [];

export default function LogsPage() {
  return <ApplicationFrame tab="Logs">{(application) => <Logs application={application} />}</ApplicationFrame>;
}

function Logs({ application }: { readonly application: ApplicationView }) {
  const org = useOrg();
  const refusal = useRefusal(org, application)('application.logs');
  return refusal === undefined ? (
    <Stream org={org} application={application} />
  ) : (
    <EmptyState title="You may not read the logs">{refusal}</EmptyState>
  );
}

function Stream({ org, application }: { readonly org: string; readonly application: ApplicationView }) {
  const { name } = application;
  const [address, setAddress] = useAddress();
  const { pod, container, previous, q = '', line, wrap, times } = address;
  const isPrevious = previous === 'yes';
  const [isFollowing, setFollowing] = useState(line === undefined);
  const [foundAt, setFoundAt] = useState(-1);
  const { shown, state, error, restart } = useStream(
    applicationLogsRequest,
    { org, name, follow: !isPrevious, previous: isPrevious, tail: TAIL },
    NO_LINES,
    appended,
  );
  const search = useDeferredValue(q);
  const entries = useMemo(() => filtered(shown, { pod, container }), [shown, pod, container]);
  const matches = useMemo(() => matchesIn(entries, search), [entries, search]);
  const linked = useMemo(() => indexOfLine(entries, line), [entries, line]);
  const go = (step: number) => {
    if (matches.length === 0) return;
    setFollowing(false);
    setFoundAt((before) => (before + step + matches.length) % matches.length);
  };
  const found = matches[Math.min(foundAt, matches.length - 1)] ?? -1;
  return (
    <Stack gap="sm">
      <Filters org={org} application={application} entries={shown} />
      <Group gap="sm">
        <Search
          text={q}
          position={foundAt >= 0 && matches.length > 0 ? Math.min(foundAt, matches.length - 1) + 1 : undefined}
          count={matches.length}
          onText={(text) => {
            setFoundAt(-1);
            setAddress({ q: text || undefined });
          }}
          onStep={go}
        />
        <Switch
          label="Wrap"
          checked={wrap === 'yes'}
          onChange={(event) => setAddress({ wrap: event.currentTarget.checked ? 'yes' : undefined })}
        />
        <Switch
          label="Times"
          checked={times === 'yes'}
          onChange={(event) => setAddress({ times: event.currentTarget.checked ? 'yes' : undefined })}
        />
        <Button
          variant="default"
          leftSection={<DownloadIcon />}
          disabled={entries.length === 0}
          onClick={() => download(`${name}.log`, logText(entries))}
        >
          Download
        </Button>
      </Group>
      {error && <Problem error={error} title="The logs cannot be read further" onRetry={restart} />}
      {state === 'connecting' && !error ? (
        <Loading lines={6} />
      ) : entries.length === 0 ? (
        !error && <Text c="dimmed">{isPrevious ? 'No container ran before.' : 'No lines yet.'}</Text>
      ) : (
        <LogView
          entries={entries}
          search={search}
          found={found}
          linked={linked}
          isWrapped={wrap === 'yes'}
          hasTimes={times === 'yes'}
          hasPods={pod === undefined}
          isFollowing={isFollowing && !isPrevious}
          onFollow={setFollowing}
          onLink={(of) => {
            setFollowing(false);
            setAddress({ line: of });
          }}
        />
      )}
      <Group justify="space-between">
        <Text size="xs" c="dimmed" role="status">
          {entries.length} lines{state === 'open' && !isPrevious ? ', live' : ''}
        </Text>
        <CopyCommand
          command={commandLine(
            'app',
            'logs',
            name,
            isPrevious ? '--previous' : '-f',
            ...(container === undefined ? [] : ['--container', container]),
          )}
        />
      </Group>
    </Stack>
  );
}

/** A search in the lines, with the number of matches, and steps between them. */
function Search({
  text,
  position,
  count,
  onText,
  onStep,
}: {
  readonly text: string;
  /** Number of the match in view, from 1. */
  readonly position: number | undefined;
  readonly count: number;
  readonly onText: (text: string) => void;
  readonly onStep: (step: 1 | -1) => void;
}) {
  return (
    <>
      <TextInput
        aria-label="Search the lines"
        placeholder="Search"
        leftSection={<SearchIcon />}
        value={text}
        data-search
        w={240}
        onChange={(event) => onText(event.currentTarget.value)}
        onKeyDown={(event) => event.key === 'Enter' && onStep(event.shiftKey ? -1 : 1)}
      />
      {text !== '' && (
        <Group gap={4}>
          <Text size="sm" role="status">
            {position === undefined ? '' : `${position} of `}
            {count} {count === 1 ? 'line' : 'lines'}
          </Text>
          <ActionIcon variant="subtle" color="gray" aria-label="Previous match" onClick={() => onStep(-1)}>
            <ChevronUpIcon />
          </ActionIcon>
          <ActionIcon variant="subtle" color="gray" aria-label="Next match" onClick={() => onStep(1)}>
            <ChevronDownIcon />
          </ActionIcon>
        </Group>
      )}
    </>
  );
}

/** Which pods and containers are shown, and whether those that ran before. */
function Filters({
  org,
  application,
  entries,
}: {
  readonly org: string;
  readonly application: ApplicationView;
  readonly entries: readonly LogEntry[];
}) {
  const [{ pod, container, previous }, setAddress] = useAddress();
  const { name } = application;
  const status = useContract(applicationStatusRequest, { org, name }, { refreshMs: lookEveryMs(application) });
  const pods = new Set([
    ...(status.data?.pods.map((item) => item.name) ?? []),
    ...entries.map((entry) => entry.pod),
    ...(pod === undefined ? [] : [pod]),
  ]);
  const containers = new Set([
    ...entries.map((entry) => entry.container),
    ...(container === undefined ? [] : [container]),
  ]);
  return (
    <Group gap="sm" align="end">
      <Select
        label="Pod"
        data={[...pods]}
        value={pod ?? null}
        placeholder="All pods"
        clearable
        clearButtonProps={{ 'aria-label': 'Show all pods' }}
        w={280}
        onChange={(value) => setAddress({ pod: value ?? undefined, line: undefined })}
      />
      <Select
        label="Container"
        data={[...containers]}
        value={container ?? null}
        placeholder="All containers"
        clearable
        clearButtonProps={{ 'aria-label': 'Show all containers' }}
        w={200}
        onChange={(value) => setAddress({ container: value ?? undefined, line: undefined })}
      />
      <Switch
        label="Containers that ran before the last restart"
        checked={previous === 'yes'}
        mb={8}
        onChange={(event) => setAddress({ previous: event.currentTarget.checked ? 'yes' : undefined, line: undefined })}
      />
    </Group>
  );
}

function download(file: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: 'text/plain' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = file;
  link.click();
  URL.revokeObjectURL(url);
}
