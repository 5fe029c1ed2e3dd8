import { NativeSelect, Text } from '@mantine/core';
import { rotateKeyRequest, type AccessKeyView } from '#access-keys/contract';
import { useState } from 'react';
import { Confirm } from '../shared/confirm.tsx';
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
  const { id, name, expires } = accessKey;
  return (
    <Confirm
      title={`Rotate key ${name}`}
      verb="Rotate key"
      isDangerous={false}
      contract={rotateKeyRequest}
      input={{ org, key: id, grace }}
      command={['key', 'rotate', id, '--grace', grace]}
      onDone={({ secret, replaced }) => {
        if (secret === null) return;
        onRotated({ name, secret, note: `The replaced key ${replaced.id} works until ${replaced.worksUntil}.` });
        return false;
      }}
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
    </Confirm>
  );
}
