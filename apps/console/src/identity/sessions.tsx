import { Badge, Button, Group, Text } from '@mantine/core';
import type { OutputOf } from '#bus/contract';
import { endSessionRequest, endSessionsRequest, listSessionsRequest } from '#identity/contract';
import { useState } from 'react';
import { Confirm } from '../shared/confirm.tsx';
import { CopyCommand } from '../shared/copy-command.tsx';
import { Section } from '../shared/page.tsx';
import { useAllPages } from '../shared/queries.ts';
import { ResourceTable, type Column } from '../shared/resource-table.tsx';
import { RowMenu } from '../shared/row-menu.tsx';
import { Time } from '../shared/time.tsx';
import { toast } from '../shared/toast.ts';

type Session = OutputOf<typeof listSessionsRequest>['items'][number];

const KINDS: Readonly<Record<Session['kind'], string>> = {
  console: 'Console',
  browser: 'Login in a browser',
  'refresh-token': 'Refresh token',
};

const ENDED = 'One session is ended.';

const nameOf = ({ kind, client }: Pick<Session, 'kind' | 'client'>): string =>
  client === null ? KINDS[kind] : `${KINDS[kind]}, ${client}`;

/** The person's sessions: end one, all others, or all of them with the keys of logins. */
export function Sessions() {
  const sessions = useAllPages(listSessionsRequest, {});
  const [isEverywhere, setEverywhere] = useState(false);
  const [isOthers, setOthers] = useState(false);
  const [ending, setEnding] = useState<Session>();
  const current = sessions.items.find((session) => session.current && session.kind === 'console');
  return (
    <Section
      title="Sessions"
      action={
        <Group gap="xs">
          <Button
            variant="default"
            disabled={current === undefined || sessions.items.every((session) => session.current)}
            onClick={() => setOthers(true)}
          >
            End all other sessions
          </Button>
          <Button variant="default" onClick={() => setEverywhere(true)}>
            Log out everywhere
          </Button>
        </Group>
      }
    >
      <ResourceTable
        label="sessions"
        list={sessions}
        columns={columns(setEnding)}
        keyOf={({ id }) => id}
        empty={<Text c="dimmed">Your sessions are at the service where you log in.</Text>}
      />
      <CopyCommand command="astroctl auth sessions list" />
      {ending && <EndDialog session={ending} onClose={() => setEnding(undefined)} />}
      {isOthers && current && <OthersDialog current={current} onClose={() => setOthers(false)} />}
      {isEverywhere && <EverywhereDialog onClose={() => setEverywhere(false)} />}
    </Section>
  );
}

const columns = (end: (session: Session) => void): readonly Column<Session>[] => [
  {
    id: 'kind',
    title: 'Session',
    cell: ({ kind, client, current }) => (
      <Group gap="xs">
        <Text inherit fw={600}>
          {nameOf({ kind, client })}
        </Text>
        {current && (
          <Badge variant="outline" tt="none">
            this session
          </Badge>
        )}
      </Group>
    ),
  },
  { id: 'started', title: 'Started', cell: ({ startedAt }) => <Time at={startedAt} /> },
  { id: 'used', title: 'Last used', cell: ({ lastUsedAt }) => <Time at={lastUsedAt} />, isWide: true },
  { id: 'expires', title: 'Expires', cell: ({ expiresAt }) => <Time at={expiresAt} />, isWide: true },
  {
    id: 'actions',
    title: 'Actions',
    cell: (session) =>
      session.current ? null : (
        <RowMenu
          label={`Actions for the session ${nameOf(session)}`}
          actions={[{ title: 'End session', isDangerous: true, onClick: () => end(session) }]}
        />
      ),
  },
];

function EndDialog({ session, onClose }: { readonly session: Session; readonly onClose: () => void }) {
  return (
    <Confirm
      title={`End the session ${nameOf(session)}`}
      verb="End session"
      contract={endSessionRequest}
      input={{ session: session.id }}
      command={['auth', 'sessions', 'end', session.id]}
      onDone={() => toast(ENDED)}
      onClose={onClose}
    >
      <Text>The login is needed again there. Keys stay valid.</Text>
    </Confirm>
  );
}

/** The command names the session to keep, because astroctl has none itself. */
function OthersDialog({ current, onClose }: { readonly current: Session; readonly onClose: () => void }) {
  return (
    <Confirm
      title="End all other sessions"
      verb="End other sessions"
      contract={endSessionsRequest}
      input={{ others: true, keep: current.id }}
      command={['auth', 'sessions', 'end', '--others', '--keep', current.id]}
      onDone={({ sessions }) => toast(sessions === 1 ? ENDED : `${sessions} sessions are ended.`)}
      onClose={onClose}
    >
      <Text>The login is needed again there. This session continues, and keys stay valid.</Text>
    </Confirm>
  );
}

function EverywhereDialog({ onClose }: { readonly onClose: () => void }) {
  return (
    <Confirm
      title="Log out everywhere"
      verb="Log out everywhere"
      contract={endSessionsRequest}
      input={{}}
      command={['auth', 'logout', '--everywhere']}
      onDone={() => location.assign('/signed-out')}
      onClose={onClose}
    >
      <Text>
        All your sessions end, this one too, and the keys that your logins with astroctl created are revoked. API keys
        that you created yourself stay.
      </Text>
    </Confirm>
  );
}
