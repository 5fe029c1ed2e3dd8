import { Checkbox, Text } from '@mantine/core';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { deleteApplicationRequest, type ApplicationView } from '#deployments/contract';
import { CopyCommand } from '../shared/copy-command.tsx';
import { Confirm } from '../shared/dialogs.tsx';
import { useCommand, useDryRun } from '../shared/queries.ts';
import { toast } from '../shared/toast.ts';
import { Losses, WhatWouldChange } from '../shared/what-would-change.tsx';

/** Shows what the deletion of an application deletes from its cluster, and asks for its name. */
export function DeleteApplicationDialog({
  org,
  application: { name },
  onClose,
}: {
  readonly org: string;
  readonly application: ApplicationView;
  readonly onClose: () => void;
}) {
  const [orphan, setOrphan] = useState(false);
  const [noHooks, setNoHooks] = useState(false);
  const navigate = useNavigate();
  const input = { org, name, orphan, noHooks };
  const remove = useCommand(deleteApplicationRequest, {
    onDone: () => {
      toast(`${name} is being deleted.`);
      void navigate({ to: `/o/${org}/apps` });
    },
  });
  const dryRun = useDryRun(deleteApplicationRequest, input, remove);
  return (
    <Confirm
      title={`Delete ${name}`}
      verb="Delete application"
      name={name}
      isWaiting={!dryRun.data}
      isPending={remove.isPending}
      error={remove.error}
      onConfirm={() => void remove.run(input)}
      onClose={onClose}
    >
      <Text>
        {name} is deleted from the platform. A rollout in progress is ended first. The name becomes free; the history is
        kept.
      </Text>
      <WhatWouldChange dryRun={dryRun}>
        {({ objects }) => (
          <Losses
            sentence={orphan ? 'These objects are kept on the cluster:' : 'These objects are deleted from the cluster:'}
            items={objects}
          />
        )}
      </WhatWouldChange>
      <Checkbox
        label="Keep the objects on the cluster"
        checked={orphan}
        onChange={(event) => setOrphan(event.currentTarget.checked)}
      />
      <Checkbox
        label="Do not run hooks"
        checked={noHooks}
        onChange={(event) => setNoHooks(event.currentTarget.checked)}
      />
      <CopyCommand command={`astroctl app delete ${name}${orphan ? ' --orphan' : ''}${noHooks ? ' --no-hooks' : ''}`} />
    </Confirm>
  );
}
