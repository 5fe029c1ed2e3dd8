import { Button, Group, Paper, Stack, Text } from '@mantine/core';
import { listOwnInvitationsRequest, type OwnInvitationView } from '#organizations/contract';
import { Link } from '@tanstack/react-router';
import { KeyValue } from '../shared/key-value.tsx';
import { Loaded, Section } from '../shared/page.tsx';
import { useContract } from '../shared/queries.ts';
import { Time } from '../shared/time.tsx';

/** What a person gets by accepting an invitation, from whom, and until when it can be accepted. */
export function InvitationTerms({ invitation }: { readonly invitation: OwnInvitationView }) {
  const { organization, role, audit, auditUntil, invitedBy, expiresAt } = invitation;
  return (
    <KeyValue
      pairs={[
        ['Organization', organization.name],
        ['Role', role],
        ['Auditor', audit ? auditUntil === null ? 'yes' : <Time key="audit" at={auditUntil} /> : undefined],
        ['Invited by', invitedBy ?? undefined],
        ['Ends', <Time key="ends" at={expiresAt} />],
      ]}
    />
  );
}

/** The person's own invitations that wait for an answer. */
export function OwnInvitations() {
  const invitations = useContract(listOwnInvitationsRequest, {});
  return (
    <Section title="Invitations">
      <Loaded query={invitations} title="Your invitations cannot be shown">
        {({ items }) =>
          items.length === 0 ? (
            <Text c="dimmed">No invitation is waiting for your answer.</Text>
          ) : (
            <Stack gap="sm">
              {items.map((invitation) => (
                <Paper key={invitation.id} withBorder p="md">
                  <Group justify="space-between">
                    <InvitationTerms invitation={invitation} />
                    <Button
                      component={Link}
                      to={`/invite/${invitation.id}`}
                      aria-label={`Answer the invitation to ${invitation.organization.name}`}
                    >
                      Answer invitation
                    </Button>
                  </Group>
                </Paper>
              ))}
            </Stack>
          )
        }
      </Loaded>
    </Section>
  );
}
