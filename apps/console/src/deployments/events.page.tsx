import { SegmentedControl, Stack, Table, Text, Timeline } from '@mantine/core';
import {
  applicationEventsRequest,
  type ApplicationView,
  type KubernetesEvent,
  type PlatformEvent,
} from '#deployments/contract';
import type { OutputOf } from '#bus/contract';
import { useAddress } from '../shared/address.ts';
import { commandFor } from '../shared/command-line.ts';
import { CopyCommand } from '../shared/copy-command.tsx';
import { Loading } from '../shared/page.tsx';
import { useOrg } from '../shared/params.ts';
import { Problem } from '../shared/problem.tsx';
import { StatusDot } from '../shared/status.tsx';
import { Time } from '../shared/time.tsx';
import { ApplicationFrame } from './application-frame.tsx';
import { useStream } from './use-stream.ts';

type Event = OutputOf<typeof applicationEventsRequest>;

const NO_EVENTS: readonly Event[] = [];
/** Events that are shown; older ones are read with astroctl. */
const MAX_EVENTS = 1_000;

export default function EventsPage() {
  return <ApplicationFrame tab="Events">{(application) => <Events application={application} />}</ApplicationFrame>;
}

function Events({ application: { name } }: { readonly application: ApplicationView }) {
  const org = useOrg();
  const [{ source }, setAddress] = useAddress();
  const isKubernetes = source === 'kubernetes';
  return (
    <Stack>
      <SegmentedControl
        aria-label="Show events of"
        style={{ alignSelf: 'start' }}
        value={isKubernetes ? 'kubernetes' : 'platform'}
        onChange={(value) => setAddress({ source: value === 'kubernetes' ? value : undefined })}
        data={[
          { value: 'platform', label: 'Platform' },
          { value: 'kubernetes', label: 'Kubernetes' },
        ]}
      />
      {isKubernetes ? <OfKubernetes name={name} /> : <OfPlatform name={name} />}
      <CopyCommand command={commandFor({ org }, 'app', 'events', name, isKubernetes ? '--kubernetes' : '-f')} />
    </Stack>
  );
}

const appended = (before: readonly Event[], items: readonly Event[]): readonly Event[] =>
  [...before, ...items].slice(-MAX_EVENTS);

/** The steps of rollouts and what else happened, newest first, as it happens. */
function OfPlatform({ name }: { readonly name: string }) {
  const org = useOrg();
  const { shown, state, error, restart } = useStream(
    applicationEventsRequest,
    { org, name, follow: true },
    NO_EVENTS,
    appended,
  );
  const events = shown.filter((event) => event.source === 'platform').toReversed();
  return (
    <>
      {error && <Problem error={error} title="The events cannot be read further" onRetry={restart} />}
      {state === 'connecting' && !error && <Loading />}
      {events.length > 0 && (
        <Timeline bulletSize={12} lineWidth={1} aria-label="Events" color="gray">
          {events.map((event) => (
            <Timeline.Item key={event.position + event.step + event.message} title={<Title event={event} />}>
              <Text size="sm" style={{ overflowWrap: 'anywhere' }}>
                {event.message === '-' ? '' : event.message}
              </Text>
              {event.kept?.map(({ object, contains }) => (
                <Text key={object} size="sm">
                  kept {object}: it contains {contains}
                </Text>
              ))}
              <Text size="xs" c="dimmed" component="div">
                <Time at={event.time} /> · {event.by}
              </Text>
            </Timeline.Item>
          ))}
        </Timeline>
      )}
    </>
  );
}

/** States whose colours fit the steps that end something. */
const LOOKS: Partial<Record<PlatformEvent['step'], string>> = {
  succeeded: 'SUCCEEDED',
  healthy: 'Healthy',
  failed: 'FAILED',
  abandoned: 'ABANDONED',
  superseded: 'SUPERSEDED',
  paused: 'PAUSED',
  deleted: 'Terminating',
};

function Title({ event: { step, version } }: { readonly event: PlatformEvent }) {
  const look = LOOKS[step];
  return (
    <Text component="span" fw={600} size="sm">
      {look === undefined ? step : <StatusDot state={look}>{step}</StatusDot>}
      {version !== '-' && ` ${version}`}
    </Text>
  );
}

/** Returns the events of Kubernetes, each as it was last, newest first. */
const newestOf = (events: readonly Event[]): readonly KubernetesEvent[] =>
  [
    ...new Map(
      events
        .filter((event) => event.source === 'kubernetes')
        .map((event) => [`${event.object} ${event.reason} ${event.message}`, event]),
    ).values(),
  ].sort((a, b) => b.last.localeCompare(a.last));

function OfKubernetes({ name }: { readonly name: string }) {
  const org = useOrg();
  const { shown, error, state, restart } = useStream(
    applicationEventsRequest,
    { org, name, kubernetes: true, follow: true },
    NO_EVENTS,
    appended,
  );
  const events = newestOf(shown);
  if (error) return <Problem error={error} title="The events cannot be shown" onRetry={restart} />;
  if (events.length === 0) return state === 'connecting' ? <Loading /> : <Text c="dimmed">No events yet.</Text>;
  return (
    <Table.ScrollContainer minWidth={560} scrollAreaProps={{ viewportProps: { tabIndex: 0 } }}>
      <Table aria-label="Kubernetes events">
        <Table.Thead>
          <Table.Tr>
            {['Last', 'Type', 'Reason', 'Object', 'Count', 'Message'].map((title) => (
              <Table.Th key={title} scope="col">
                {title}
              </Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {events.map(({ last, type, reason, object, count, message }) => (
            <Table.Tr key={`${object} ${reason} ${message}`}>
              <Table.Td>
                <Time at={last} />
              </Table.Td>
              <Table.Td {...(type === 'Warning' && { c: 'var(--astro-missing)' })}>{type}</Table.Td>
              <Table.Td>{reason}</Table.Td>
              <Table.Td>{object}</Table.Td>
              <Table.Td>{count}</Table.Td>
              <Table.Td style={{ overflowWrap: 'anywhere' }}>{message}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}
