import { NativeSelect, Text } from '@mantine/core';
import { rotateKeyRequest, type AccessKeyView } from '#access-keys/contract';
import { useState } from 'react';
import { commandLine } from '../shared/command-line.ts';
import { FormDialog } from '../shared/form-dialog.tsx';
import { useCommand } from '../shared/queries.ts';
import { Time } from '../shared/time.tsx';
import type { NewKey } from './key-secret.tsx';

const GRACES = [
  { value: '0m', label: 'Not at all' },
  { value: '30m', label: '30 minutes' },
  { value: '1h', label: '1 hour' },
  { value: '24h', label: '1 day' },
  { value: '7d', label: '7 days' },
];

/** Replaces a key by a new one. */
export function RotateKeyDialog({
  org,
  accessKey,
  onRotated,
  onClose,
}: {
  readonly org: string;
  readonly accessKey: AccessKeyView;
  readonly onRotated: (key: NewKey) => void;
  readonly onClose: () => void;
}) {
  const [grace, setGrace] = useState('1h');
  const rotate = useCommand(rotateKeyRequest);
  const { id, name, expires } = accessKey;
  const submit = async () => {
    const reply = await rotate.run({ org, key: id, grace });
    if (!reply) return;
    const { secret, replaced } = reply.value;
    if (secret === null) return onClose();
    onRotated({ name, secret, note: `The replaced key ${replaced.id} works until ${replaced.worksUntil}.` });
  };
  return (
    <FormDialog
      title={`Rotate key ${name}`}
      verb="Rotate key"
      command={commandLine('key', 'rotate', id, '--grace', grace, '--org', org)}
      isPending={rotate.isPending}
      error={rotate.error}
      onSubmit={() => void submit()}
      onClose={onClose}
    >
      <Text>
        A new key with the same name, role, and lifetime is created, and shown once. Put it in the place of the present
        one before that one ends.
      </Text>
      <NativeSelect
        label="How long the present key still works"
        description={
          expires === null ? undefined : (
            <>
              Never beyond its expiry, <Time at={expires} />.
            </>
          )
        }
        value={grace}
        onChange={(event) => setGrace(event.currentTarget.value)}
        data={GRACES}
      />
    </FormDialog>
  );
}
