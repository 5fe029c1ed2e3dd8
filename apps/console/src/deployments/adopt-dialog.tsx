import { Code, List, Text } from '@mantine/core';
import { useState } from 'react';
import { adoptApplicationRequest, type AdoptableObject, type ApplicationView } from '#deployments/contract';
import { flagOf } from '../shared/command-line.ts';
import { Confirm } from '../shared/confirm.tsx';
import { toast } from '../shared/toast.ts';
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
  const input = { org, name };
  return (
    <Confirm
      title={`Take over objects for ${name}`}
      verb="Take over objects"
      contract={adoptApplicationRequest}
      input={input}
      sent={(outcome) => ({
        ...input,
        ...reasonOf(reason),
        ...(outcome?.adopts !== undefined && { attempt: outcome.adopts }),
      })}
      command={['app', 'adopt', name, '--wait', ...flagOf('-m', reason.trim())]}
      preview={({ objects }) => (
        <List>
          {objects.map((object) => (
            <Adoptable key={object.object} {...object} />
          ))}
        </List>
      )}
      onDone={() => toast(`${name} takes over the objects, and is deployed again.`)}
      onClose={onClose}
    >
      <Text>These objects exist on the cluster and belong to no application. They become part of {name}.</Text>
      <ReasonField value={reason} onChange={setReason} />
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
