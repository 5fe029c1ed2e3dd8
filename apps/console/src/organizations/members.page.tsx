import { Button, Group, NativeSelect, Text } from '@mantine/core';
import { meRequest } from '#identity/contract';
import { getOrganizationRequest, listMembersRequest, type SentInvitation } from '#organizations/contract';
import { useState } from 'react';
import { useAddress } from '../shared/address.ts';
import { useOrg } from '../shared/params.ts';
import { useAllPages, useContract } from '../shared/queries.ts';
import { ResourceTable, type Column } from '../shared/resource-table.tsx';
import { useRights, type Rights } from '../shared/rights.ts';
import { RowMenu, type RowAction } from '../shared/row-menu.tsx';
import { SecretOnce } from '../shared/secret-once.tsx';
import { SettingsPage } from '../shared/settings-page.tsx';
import { Time } from '../shared/time.tsx';
import { toast } from '../shared/toast.ts';
import { AddMemberDialog } from './add-member-dialog.tsx';
import { ChangeMemberDialog } from './change-member-dialog.tsx';
import { Invitations } from './invitations.tsx';
import { InviteDialog } from './invite-dialog.tsx';
import { memberName, type Member } from './member.ts';
import { LeaveDialog, RemoveMemberDialog } from './remove-member-dialog.tsx';

type Opened =
  | { readonly dialog: 'add' | 'invite' | 'leave' }
  | { readonly dialog: 'change' | 'remove'; readonly member: Member }
  | { readonly dialog: 'link'; readonly email: string; readonly link: string };

const FILTERS: Readonly<Record<string, (member: Member) => boolean>> = {
  people: ({ kind }) => kind === 'person',
  services: ({ kind }) => kind === 'service',
  auditors: ({ audit }) => audit,
  ending: ({ until }) => until !== null,
};

export default function MembersPage() {
  const org = useOrg();
  const [address, setAddress] = useAddress();
  const [opened, setOpened] = useState<Opened>();
  const members = useAllPages(listMembersRequest, { org });
  const rights = useRights(org);
  const me = useContract(meRequest, {});
  const isAllowed = rights.can('members.manage');
  const isShown = FILTERS[address['show'] ?? ''];
  const sent = ({ email, link }: SentInvitation) => {
    if (link === null) toast(`The invitation is sent to ${email ?? 'the address'}.`);
    setOpened(link === null ? undefined : { dialog: 'link', email: email ?? 'the person', link });
  };
  return (
    <SettingsPage
      title="Members"
      sentence={<Sentence org={org} isAllowed={isAllowed} />}
      action={
        <Group gap="xs">
          <Button variant="default" disabled={!isAllowed} onClick={() => setOpened({ dialog: 'add' })}>
            Add member
          </Button>
          <Button disabled={!isAllowed} onClick={() => setOpened({ dialog: 'invite' })}>
            Invite member
          </Button>
        </Group>
      }
    >
      <ResourceTable
        label="members"
        list={isShown ? { ...members, items: members.items.filter(isShown) } : members}
        columns={columns((member) => actionsOf(member, rights, me.data?.userId, setOpened))}
        keyOf={({ id }) => id}
        state={address}
        onState={({ q, sort }) => setAddress({ q, sort })}
        filters={<Show value={address['show']} onChange={(show) => setAddress({ show })} />}
        empty={
          <Group>
            <Text c="dimmed">No such member.</Text>
            <Button variant="default" onClick={() => setAddress({ show: undefined })}>
              Show all members
            </Button>
          </Group>
        }
      />
      {isAllowed && <Invitations org={org} onSent={sent} />}
      <Dialogs org={org} opened={opened} onSent={sent} onClose={() => setOpened(undefined)} />
    </SettingsPage>
  );
}

function Sentence({ org, isAllowed }: { readonly org: string; readonly isAllowed: boolean }) {
  const organization = useContract(getOrganizationRequest, { org });
  if (!organization.data) return null;
  const { members, memberLimit } = organization.data;
  return (
    <>
      {members} of {memberLimit} members. Service members are not counted.
      {!isAllowed && ' To add somebody, ask an admin or owner.'}
    </>
  );
}

function Show({
  value,
  onChange,
}: {
  readonly value: string | undefined;
  readonly onChange: (value: string | undefined) => void;
}) {
  return (
    <NativeSelect
      aria-label="Show"
      value={value ?? ''}
      onChange={(event) => onChange(event.currentTarget.value || undefined)}
      data={[
        { value: '', label: 'All members' },
        { value: 'people', label: 'People' },
        { value: 'services', label: 'Service members' },
        { value: 'auditors', label: 'Auditors' },
        { value: 'ending', label: 'Memberships that end' },
      ]}
    />
  );
}

function Dialogs({
  org,
  opened,
  onSent,
  onClose,
}: {
  readonly org: string;
  readonly opened: Opened | undefined;
  readonly onSent: (invitation: SentInvitation) => void;
  readonly onClose: () => void;
}) {
  switch (opened?.dialog) {
    case 'add':
      return <AddMemberDialog org={org} onClose={onClose} />;
    case 'invite':
      return <InviteDialog org={org} onSent={onSent} onClose={onClose} />;
    case 'change':
      return <ChangeMemberDialog org={org} member={opened.member} onClose={onClose} />;
    case 'remove':
      return <RemoveMemberDialog org={org} member={opened.member} onClose={onClose} />;
    case 'leave':
      return <LeaveDialog org={org} onClose={onClose} />;
    case 'link':
      return (
        <SecretOnce
          title={`Invitation of ${opened.email}`}
          sentence={`The platform sends no mail. Give ${opened.email} this link: it is not shown again, and works for that address alone.`}
          lines={[{ label: opened.link.startsWith('http') ? 'Link' : 'Command', text: opened.link }]}
          onClose={onClose}
        />
      );
    default:
      return null;
  }
}

/** Returns what the person may do with a member. */
function actionsOf(
  member: Member,
  { can }: Rights,
  userId: string | undefined,
  open: (opened: Opened) => void,
): readonly RowAction[] {
  const refusal = !can('members.manage')
    ? 'Ask an admin or owner'
    : member.role === 'owner' && !can('owners.manage')
      ? 'Ask an owner'
      : undefined;
  const isSelf = member.id === userId;
  return [
    { title: 'Change member', refusal, onClick: () => open({ dialog: 'change', member }) },
    isSelf
      ? { title: 'Leave organization', isDangerous: true, onClick: () => open({ dialog: 'leave' }) }
      : { title: 'Remove member', isDangerous: true, refusal, onClick: () => open({ dialog: 'remove', member }) },
  ];
}

const columns = (actions: (member: Member) => readonly RowAction[]): readonly Column<Member>[] => [
  {
    id: 'name',
    title: 'Member',
    value: (member) => `${memberName(member)} ${member.id}`,
    cell: (member) => (
      <Text inherit fw={600} style={{ overflowWrap: 'anywhere' }}>
        {memberName(member)}
      </Text>
    ),
  },
  { id: 'role', title: 'Role', value: ({ role }) => role, cell: ({ role }) => role },
  {
    id: 'kind',
    title: 'Kind',
    value: ({ kind }) => kind,
    cell: ({ kind }) => (kind === 'service' ? 'service member' : 'person'),
    isWide: true,
  },
  {
    id: 'audit',
    title: 'Audit',
    value: ({ audit }) => (audit ? 'auditor' : ''),
    cell: ({ audit, auditUntil }) =>
      audit ? (
        <>
          auditor
          {auditUntil !== null && (
            <>
              , ends <Time at={auditUntil} />
            </>
          )}
        </>
      ) : (
        '–'
      ),
    isWide: true,
  },
  { id: 'since', title: 'Since', value: ({ since }) => since, cell: ({ since }) => <Time at={since} />, isWide: true },
  {
    id: 'until',
    title: 'Until',
    value: ({ until }) => until ?? '9999',
    cell: ({ until }) => <Time at={until} />,
    isWide: true,
  },
  {
    id: 'actions',
    title: 'Actions',
    cell: (member) => <RowMenu label={`Actions for ${memberName(member)}`} actions={actions(member)} />,
  },
];
