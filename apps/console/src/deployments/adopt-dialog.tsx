import { Code, List, Text } from '@mantine/core';
import { useState } from 'react';
import { adoptApplicationRequest, type AdoptableObject, type ApplicationView } from '#deployments/contract';
import { CopyCommand } from '../shared/copy-command.tsx';
import { Confirm } from '../shared/dialogs.tsx';
import { useCommand, useDryRun } from '../shared/queries.ts';
import { toast } from '../shared/toast.ts';
import { WhatWouldChange } from '../shared/what-would-change.tsx';
import { ReasonField, reasonOf } from './operation-dialog.tsx';

/** Shows the objects that an application would take over, and what others would lose, before it does. */
export function AdoptDialog({
  org,
  application: { name },
  onClose,
}: {
  readonly org: string;
  readonly application: ApplicationView;
  readonly onClose: () => void;
}) {
  const [reason, setReason] = useState('');
  const adopt = useCommand(adoptApplicationRequest, {
    onDone: () => toast(`${name} takes over the objects, and is deployed again.`),
  });
  const dryRun = useDryRun(adoptApplicationRequest, { org, name }, adopt);
  const confirm = async () => {
    const attempt = dryRun.data?.adopts;
    const done = await adopt.run({ org, name, ...reasonOf(reason), ...(attempt !== undefined && { attempt }) });
    if (done) onClose();
  };
  return (
    <Confirm
      title={`Take over objects for ${name}`}
      verb="Take over objects"
      isWaiting={!dryRun.data}
      isPending={adopt.isPending}
      error={adopt.error}
      onConfirm={() => void confirm()}
      onClose={onClose}
    >
      <Text>These objects exist on the cluster and belong to no application. They become part of {name}.</Text>
      <WhatWouldChange dryRun={dryRun}>
        {({ objects }) => (
          <List>
            {objects.map((object) => (
              <Adoptable key={object.object} {...object} />
            ))}
          </List>
        )}
      </WhatWouldChange>
      <ReasonField value={reason} onChange={setReason} />
      <CopyCommand command={`astroctl app adopt ${name} --wait`} />
    </Confirm>
  );
}

function Adoptable({ object, takes, removes }: AdoptableObject) {
  return (
    <List.Item>
      <Code>{object}</Code>
      {takes.map(({ manager, fields }) => (
        <Text key={manager} size="sm">
          takes from {manager}: {fields.join(', ')}
        </Text>
      ))}
      {removes.length > 0 && (
        <Text size="sm">removes, since the manifest does not contain them: {removes.join(', ')}</Text>
      )}
    </List.Item>
  );
}
