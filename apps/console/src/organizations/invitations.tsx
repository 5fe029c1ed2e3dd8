import { Text } from '@mantine/core';
import {
  listInvitationsRequest,
  resendInvitationRequest,
  revokeInvitationRequest,
  type InvitationView,
  type SentInvitation,
} from '#organizations/contract';
import { useState } from 'react';
import { Confirm } from '../shared/confirm.tsx';
import { Section } from '../shared/page.tsx';
import { useAllPages } from '../shared/queries.ts';
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
  const [opened, setOpened] = useState<{ readonly dialog: 'resend' | 'revoke'; readonly invitation: InvitationView }>();
  const invitations = useAllPages(listInvitationsRequest, { org });
  const close = () => setOpened(undefined);
  const open = invitations.items.filter(({ state }) => state === 'PENDING' || state === 'EXPIRED');
  return (
    <Section title="Invitations">
      <ResourceTable
        label="invitations"
        list={{ ...invitations, items: open }}
        columns={columns((dialog, invitation) => setOpened({ dialog, invitation }))}
        keyOf={({ id }) => id}
        empty={<Text c="dimmed">No invitation is waiting for an answer.</Text>}
      />
      {opened?.dialog === 'resend' && (
        <ResendDialog org={org} invitation={opened.invitation} onSent={onSent} onClose={close} />
      )}
      {opened?.dialog === 'revoke' && <RevokeDialog org={org} invitation={opened.invitation} onClose={close} />}
    </Section>
  );
}

const columns = (
  open: (dialog: 'resend' | 'revoke', invitation: InvitationView) => void,
): readonly Column<InvitationView>[] => [
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
          { title: 'Send invitation again', onClick: () => open('resend', invitation) },
          ...(invitation.state === 'PENDING'
            ? [{ title: 'Revoke invitation', isDangerous: true, onClick: () => open('revoke', invitation) }]
            : []),
        ]}
      />
    ),
  },
];

interface DialogProps {
  readonly org: string;
  readonly invitation: InvitationView;
  readonly onClose: () => void;
}

function ResendDialog({
  org,
  invitation: { id, email },
  onSent,
  onClose,
}: DialogProps & { readonly onSent: (invitation: SentInvitation) => void }) {
  return (
    <Confirm
      title={`Send the invitation of ${email ?? id} again`}
      verb="Send invitation"
      isDangerous={false}
      contract={resendInvitationRequest}
      input={{ org, id }}
      command={['org', 'resend-invitation', id]}
      onDone={onSent}
      onClose={onClose}
    >
      <Text>It gets a new link. The earlier link stops working at once.</Text>
    </Confirm>
  );
}

function RevokeDialog({ org, invitation: { id, email }, onClose }: DialogProps) {
  return (
    <Confirm
      title={`Revoke the invitation of ${email ?? id}`}
      verb="Revoke invitation"
      contract={revokeInvitationRequest}
      input={{ org, id }}
      command={['org', 'revoke-invitation', id]}
      onDone={() => toast('The invitation is revoked.')}
      onClose={onClose}
    >
      <Text>Its link stops working at once.</Text>
    </Confirm>
  );
}
