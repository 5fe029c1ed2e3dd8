import { Button, Group, Menu } from '@mantine/core';
import { ChevronDownIcon, LinkExternalIcon } from '@primer/octicons-react';
import { useState, type ReactNode } from 'react';
import {
  pauseApplicationRequest,
  restartApplicationRequest,
  resumeApplicationRequest,
  syncApplicationRequest,
  type ApplicationView,
} from '#deployments/contract';
import { toast } from '../shared/toast.ts';
import { ActionButton } from './action-button.tsx';
import { AdoptDialog } from './adopt-dialog.tsx';
import { useRefusal } from './application-rights.ts';
import { DeleteApplicationDialog } from './delete-application-dialog.tsx';
import { OperationDialog } from './operation-dialog.tsx';

type Action = 'sync' | 'restart' | 'pause' | 'resume' | 'adopt' | 'delete';

interface Props {
  readonly org: string;
  readonly application: ApplicationView;
}

/** What can be done with an application. */
export function ApplicationActions({ org, application }: Props) {
  const [open, setOpen] = useState<Action | undefined>();
  const refusalOf = useRefusal(org, application);
  const deploy = refusalOf('application.deploy');
  const { status, sync, endpoint, fix } = application;
  const isPaused = status === 'PAUSED';
  return (
    <Group gap="xs">
      {endpoint !== null && /^https?:\/\//.test(endpoint) && (
        <Button
          component="a"
          href={endpoint}
          target="_blank"
          rel="noreferrer"
          variant="default"
          rightSection={<LinkExternalIcon />}
        >
          Open endpoint
        </Button>
      )}
      {isPaused || sync === 'Pinned' ? (
        <ActionButton refusal={deploy} onClick={() => setOpen('resume')}>
          {isPaused ? 'Resume' : 'Resume tracking'}
        </ActionButton>
      ) : (
        <ActionButton refusal={deploy} onClick={() => setOpen('sync')} variant="default">
          Sync
        </ActionButton>
      )}
      <Menu position="bottom-end" width={220}>
        <Menu.Target>
          <Button variant="default" rightSection={<ChevronDownIcon />}>
            Actions
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          {(isPaused || sync === 'Pinned') && (
            <Item refusal={deploy} onClick={() => setOpen('sync')}>
              Sync
            </Item>
          )}
          <Item refusal={deploy} onClick={() => setOpen('restart')}>
            Restart
          </Item>
          {!isPaused && (
            <Item refusal={deploy} onClick={() => setOpen('pause')}>
              Pause
            </Item>
          )}
          {fix?.includes('astroctl app adopt') && (
            <Item refusal={refusalOf('application.adopt')} onClick={() => setOpen('adopt')}>
              Take over objects
            </Item>
          )}
          <Menu.Divider />
          <Item refusal={refusalOf('application.delete')} onClick={() => setOpen('delete')} isDangerous>
            Delete application
          </Item>
        </Menu.Dropdown>
      </Menu>
      <Dialog action={open} org={org} application={application} onClose={() => setOpen(undefined)} />
    </Group>
  );
}

/** An item of the menu; it says under its name why it cannot be used. */
function Item({
  refusal,
  onClick,
  isDangerous = false,
  children,
}: {
  readonly refusal: string | undefined;
  readonly onClick: () => void;
  readonly isDangerous?: boolean;
  readonly children: ReactNode;
}) {
  return (
    <Menu.Item
      onClick={onClick}
      disabled={refusal !== undefined}
      {...(isDangerous && refusal === undefined && { c: 'var(--astro-bad)' })}
    >
      {children}
      {refusal !== undefined && (
        <>
          <br />
          <small>{refusal}</small>
        </>
      )}
    </Menu.Item>
  );
}

function Dialog({ action, ...props }: Props & { readonly action: Action | undefined; readonly onClose: () => void }) {
  switch (action) {
    case undefined:
      return null;
    case 'sync':
      return <SyncDialog {...props} />;
    case 'restart':
      return <RestartDialog {...props} />;
    case 'pause':
      return <PauseDialog {...props} />;
    case 'resume':
      return <ResumeDialog {...props} />;
    case 'adopt':
      return <AdoptDialog {...props} />;
    case 'delete':
      return <DeleteApplicationDialog {...props} />;
  }
}

interface DialogProps extends Props {
  readonly onClose: () => void;
}

function SyncDialog({ org, application: { name, version }, onClose }: DialogProps) {
  return (
    <OperationDialog
      title={`Sync ${name}`}
      sentence={`Deploys ${version} again, and reverts changes that others made on the cluster.`}
      verb="Sync application"
      contract={syncApplicationRequest}
      input={{ org, name }}
      command={['app', 'sync', name, '--wait']}
      onDone={({ changed }) => toast(changed ? `${name} is deployed again.` : `${name} is being deployed already.`)}
      onClose={onClose}
    />
  );
}

function RestartDialog({ org, application: { name }, onClose }: DialogProps) {
  return (
    <OperationDialog
      title={`Restart ${name}`}
      sentence="Replaces the pods one by one, without a new revision."
      verb="Restart application"
      contract={restartApplicationRequest}
      input={{ org, name }}
      command={['app', 'restart', name, '--wait']}
      onDone={() => toast(`The pods of ${name} are replaced one by one.`)}
      onClose={onClose}
    />
  );
}

function PauseDialog({ org, application: { name }, onClose }: DialogProps) {
  return (
    <OperationDialog
      title={`Pause ${name}`}
      sentence="New revisions are recorded, but not deployed until the application is resumed. What runs keeps running."
      verb="Pause application"
      contract={pauseApplicationRequest}
      input={{ org, name }}
      command={['app', 'pause', name]}
      onDone={() => toast(`${name} is paused.`)}
      onClose={onClose}
    />
  );
}

function ResumeDialog({ org, application: { name, status, version }, onClose }: DialogProps) {
  const isPaused = status === 'PAUSED';
  return (
    <OperationDialog
      title={isPaused ? `Resume ${name}` : `Resume tracking of ${name}`}
      sentence={
        isPaused
          ? 'Deploys the revisions that were recorded during the pause.'
          : `A rollback keeps ${name} at ${version}. Afterwards, changes of its source are deployed again.`
      }
      verb={isPaused ? 'Resume application' : 'Resume tracking'}
      contract={resumeApplicationRequest}
      input={{ org, name }}
      command={['app', 'resume', name]}
      onDone={({ attemptId, application }) =>
        toast(attemptId === null ? `${name} is resumed.` : `${name} ${application.version} is deployed.`)
      }
      onClose={onClose}
    />
  );
}
