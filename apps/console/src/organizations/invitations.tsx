import { Text } from '@mantine/core';
import {
  listInvitationsRequest,
  resendInvitationRequest,
  revokeInvitationRequest,
  type InvitationView,
  type SentInvitation,
} from '#organizations/contract';
import { useState } from 'react';
import { commandLine } from '../shared/command-line.ts';
import { CopyCommand } from '../shared/copy-command.tsx';
import { Confirm } from '../shared/dialogs.tsx';
import { Section } from '../shared/page.tsx';
import { Problem } from '../shared/problem.tsx';
import { useAllPages, useCommand } from '../shared/queries.ts';
import { ResourceTable, type Column } from '../shared/resource-table.tsx';
import { RowMenu } from '../shared/row-menu.tsx';
import { StatusDot } from '../shared/status.tsx';
import { Time } from '../shared/time.tsx';
import { toast } from '../shared/toast.ts';

/** Invitations that wait for an answer, or have expired without one. */
export function Invitations({
  org,
  onSent,
}: {
  readonly org: string;
  readonly onSent: (invitation: SentInvitation) => void;
}) {
  const [revoked, setRevoked] = useState<InvitationView>();
  const invitations = useAllPages(listInvitationsRequest, { org });
  const resend = useCommand(resendInvitationRequest, { onDone: ({ value }) => onSent(value) });
  const open = invitations.items.filter(({ state }) => state === 'PENDING' || state === 'EXPIRED');
  return (
    <Section title="Invitations">
      {resend.error && <Problem error={resend.error} title="The invitation cannot be sent again" />}
      <ResourceTable
        label="invitations"
        list={{ ...invitations, items: open }}
        columns={columns({ onResend: ({ id }) => void resend.run({ org, id }), onRevoke: setRevoked })}
        keyOf={({ id }) => id}
        empty={<Text c="dimmed">No invitation is waiting for an answer.</Text>}
      />
      {revoked && <RevokeDialog org={org} invitation={revoked} onClose={() => setRevoked(undefined)} />}
    </Section>
  );
}

const columns = ({
  onResend,
  onRevoke,
}: {
  readonly onResend: (invitation: InvitationView) => void;
  readonly onRevoke: (invitation: InvitationView) => void;
}): readonly Column<InvitationView>[] => [
  {
    id: 'email',
    title: 'E-mail address',
    cell: ({ email, id }) => (
      <Text inherit style={{ overflowWrap: 'anywhere' }}>
        {email ?? id}
      </Text>
    ),
  },
  {
    id: 'role',
    title: 'Role',
    cell: ({ role, audit }) => (audit ? `${role}, auditor` : role),
  },
  { id: 'state', title: 'State', cell: ({ state }) => <StatusDot state={state} />, isWide: true },
  { id: 'by', title: 'Invited by', cell: ({ invitedBy, invitedById }) => invitedBy ?? invitedById, isWide: true },
  { id: 'ends', title: 'Ends', cell: ({ expiresAt }) => <Time at={expiresAt} />, isWide: true },
  {
    id: 'actions',
    title: 'Actions',
    cell: (invitation) => (
      <RowMenu
        label={`Actions for the invitation of ${invitation.email ?? invitation.id}`}
        actions={[
          { title: 'Send invitation again', onClick: () => onResend(invitation) },
          ...(invitation.state === 'PENDING'
            ? [{ title: 'Revoke invitation', isDangerous: true, onClick: () => onRevoke(invitation) }]
            : []),
        ]}
      />
    ),
  },
];

function RevokeDialog({
  org,
  invitation: { id, email },
  onClose,
}: {
  readonly org: string;
  readonly invitation: InvitationView;
  readonly onClose: () => void;
}) {
  const revoke = useCommand(revokeInvitationRequest);
  const confirm = async () => {
    if (!(await revoke.run({ org, id }))) return;
    toast('The invitation is revoked.');
    onClose();
  };
  return (
    <Confirm
      title={`Revoke the invitation of ${email ?? id}`}
      verb="Revoke invitation"
      isPending={revoke.isPending}
      error={revoke.error}
      onConfirm={() => void confirm()}
      onClose={onClose}
    >
      <Text>Its link stops working at once.</Text>
      <CopyCommand command={commandLine('org', 'revoke-invitation', id, '--org', org)} />
    </Confirm>
  );
}
