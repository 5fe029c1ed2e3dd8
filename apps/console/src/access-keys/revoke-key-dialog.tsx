import { Text, TextInput } from '@mantine/core';
import { revokeKeyRequest, type AccessKeyView } from '#access-keys/contract';
import { useState } from 'react';
import { flagOf } from '../shared/command-line.ts';
import { Confirm } from '../shared/confirm.tsx';
import { KeyValue } from '../shared/key-value.tsx';
import { Time } from '../shared/time.tsx';
import { toast } from '../shared/toast.ts';

/** Revokes a key, after it has shown whose requests would stop. */
export function RevokeKeyDialog({
  org,
  accessKey,
  onClose,
}: {
  readonly org: string;
  readonly accessKey: AccessKeyView;
  readonly onClose: () => void;
}) {
  const { id, name } = accessKey;
  const [reason, setReason] = useState('');
  const input = { org, key: id };
  return (
    <Confirm
      title={`Revoke key ${name}`}
      verb="Revoke key"
      contract={revokeKeyRequest}
      input={input}
      sent={() => ({ ...input, ...(reason !== '' && { reason }) })}
      command={['key', 'revoke', id, ...flagOf('--reason', reason)]}
      preview={({ key, owner, memberId, role, lastUsed }) => (
        <KeyValue
          pairs={[
            ['Key', key],
            ['Owner', owner ?? memberId],
            ['Role', role],
            ['Last used', <Time key="used" at={lastUsed} absent="never" />],
          ]}
        />
      )}
      onDone={() => toast(`Key ${name} is revoked.`)}
      onClose={onClose}
    >
      <Text>Every request with this key is refused at once. It cannot be undone.</Text>
      <TextInput
        label="Reason"
        description="Recorded in the audit log. Write no secret."
        value={reason}
        maxLength={200}
        onChange={(event) => setReason(event.currentTarget.value)}
      />
    </Confirm>
  );
}
