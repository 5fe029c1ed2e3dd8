import { Stack, Text, TextInput } from '@mantine/core';
import { revokeKeyRequest, type AccessKeyView } from '#access-keys/contract';
import { useState } from 'react';
import { commandLine, flagOf } from '../shared/command-line.ts';
import { CopyCommand } from '../shared/copy-command.tsx';
import { Confirm } from '../shared/dialogs.tsx';
import { KeyValue } from '../shared/key-value.tsx';
import { useCommand, useDryRun } from '../shared/queries.ts';
import { Time } from '../shared/time.tsx';
import { toast } from '../shared/toast.ts';
import { WhatWouldChange } from '../shared/what-would-change.tsx';

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
  const revoke = useCommand(revokeKeyRequest);
  const dryRun = useDryRun(revokeKeyRequest, { org, key: id }, revoke);
  const confirm = async () => {
    if (!(await revoke.run({ org, key: id, ...(reason !== '' && { reason }) }))) return;
    toast(`Key ${name} is revoked.`);
    onClose();
  };
  return (
    <Confirm
      title={`Revoke key ${name}`}
      verb="Revoke key"
      isWaiting={dryRun.data === undefined}
      isPending={revoke.isPending}
      error={revoke.error}
      onConfirm={() => void confirm()}
      onClose={onClose}
    >
      <WhatWouldChange dryRun={dryRun}>
        {({ key, owner, memberId, role, lastUsed }) => (
          <Stack gap="xs">
            <Text>Every request with this key is refused at once. It cannot be undone.</Text>
            <KeyValue
              pairs={[
                ['Key', key],
                ['Owner', owner ?? memberId],
                ['Role', role],
                ['Last used', <Time key="used" at={lastUsed} absent="never" />],
              ]}
            />
          </Stack>
        )}
      </WhatWouldChange>
      <TextInput
        label="Reason"
        description="Recorded in the audit log. Write no secret."
        value={reason}
        maxLength={200}
        onChange={(event) => setReason(event.currentTarget.value)}
      />
      <CopyCommand command={commandLine('key', 'revoke', id, ...flagOf('--reason', reason), '--org', org)} />
    </Confirm>
  );
}
