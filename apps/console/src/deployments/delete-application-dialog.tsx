import { Checkbox, Text } from '@mantine/core';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { deleteApplicationRequest, type ApplicationView } from '#deployments/contract';
import { Confirm } from '../shared/confirm.tsx';
import { toast } from '../shared/toast.ts';
import { Losses } from '../shared/what-would-change.tsx';

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
  return (
    <Confirm
      title={`Delete ${name}`}
      verb="Delete application"
      name={name}
      contract={deleteApplicationRequest}
      input={{ org, name, orphan, noHooks }}
      command={['app', 'delete', name, orphan && '--orphan', noHooks && '--no-hooks']}
      preview={({ objects }) => (
        <Losses
          sentence={orphan ? 'These objects are kept on the cluster:' : 'These objects are deleted from the cluster:'}
          items={objects}
        />
      )}
      onDone={() => {
        toast(`${name} is being deleted.`);
        void navigate({ to: `/o/${org}/apps` });
      }}
      onClose={onClose}
    >
      <Text>
        {name} is deleted from the platform. A rollout in progress is ended first. The name becomes free; the history is
        kept.
      </Text>
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
    </Confirm>
  );
}
