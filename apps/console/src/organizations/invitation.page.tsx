import { Button, Group, Text } from '@mantine/core';
import {
  acceptInvitationRequest,
  declineInvitationRequest,
  listOwnInvitationsRequest,
  type OwnInvitationView,
} from '#organizations/contract';
import { meRequest } from '#identity/contract';
import { Link, useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { logOut } from '../identity/log-out.ts';
import { commandLine } from '../shared/command-line.ts';
import { CopyCommand } from '../shared/copy-command.tsx';
import { Page, Loaded } from '../shared/page.tsx';
import { useParam } from '../shared/params.ts';
import { ProblemError } from '../shared/platform.ts';
import { Problem } from '../shared/problem.tsx';
import { useCommand, useContract } from '../shared/queries.ts';
import { toast } from '../shared/toast.ts';
import { InvitationTerms } from './own-invitations.tsx';

/** Codes of refusals that another account would not get. */
const WRONG_ACCOUNT = ['invitation/other-address', 'identity/email-unverified'];

/** The link of an invitation: accept or decline it. */
export default function InvitationPage() {
  const token = useParam('token');
  const me = useContract(meRequest, {});
  const own = useContract(listOwnInvitationsRequest, {});
  const [isDeclined, setDeclined] = useState(false);
  if (isDeclined)
    return (
      <Page title="The invitation is declined" sentence="If that was a mistake, ask for another invitation.">
        <Button component={Link} to="/" style={{ alignSelf: 'start' }}>
          Go to your organizations
        </Button>
      </Page>
    );
  return (
    <Page title="Invitation" sentence={me.data && `You are logged in as ${me.data.email ?? me.data.userId}.`}>
      <Loaded query={own} title="Your invitations cannot be shown">
        {({ items }) => (
          <Answer token={token} invitation={invitationOf(token, items)} onDeclined={() => setDeclined(true)} />
        )}
      </Loaded>
    </Page>
  );
}

/**
 * Returns the invitation of a link. Only the platform knows which one belongs to a token, so it is shown before the
 * answer only if there is no choice.
 */
const invitationOf = (token: string, items: readonly OwnInvitationView[]): OwnInvitationView | undefined =>
  items.find(({ id }) => id === token) ?? (items.length === 1 ? items[0] : undefined);

function Answer({
  token,
  invitation,
  onDeclined,
}: {
  readonly token: string;
  readonly invitation: OwnInvitationView | undefined;
  readonly onDeclined: () => void;
}) {
  const accept = useCommand(acceptInvitationRequest);
  const decline = useCommand(declineInvitationRequest);
  const navigate = useNavigate();
  const join = async () => {
    const reply = await accept.run({ token });
    if (!reply) return;
    const { slug, name } = reply.value.organization;
    toast(`You are a member of ${name}.`);
    void navigate({ to: `/o/${slug}` });
  };
  const refuse = async () => {
    if (await decline.run({ token })) onDeclined();
  };
  const error = accept.error ?? decline.error;
  return (
    <>
      {invitation ? (
        <InvitationTerms invitation={invitation} />
      ) : (
        <Text>
          Accept the invitation to join the organization. It works only for the e-mail address that was invited, and
          only until it ends.
        </Text>
      )}
      {error && <Problem error={error} title="The invitation was not answered" />}
      {error instanceof ProblemError && WRONG_ACCOUNT.includes(error.problem.code) && (
        <Button variant="default" style={{ alignSelf: 'start' }} onClick={() => void logOut(`/invite/${token}`)}>
          Log in with another account
        </Button>
      )}
      <Group>
        <Button onClick={() => void join()} loading={accept.isPending} disabled={decline.isPending}>
          Accept invitation
        </Button>
        <Button variant="default" onClick={() => void refuse()} loading={decline.isPending} disabled={accept.isPending}>
          Decline invitation
        </Button>
      </Group>
      <CopyCommand command={commandLine('org', 'accept', invitation?.id)} />
      <CopyCommand command={commandLine('org', 'decline', invitation?.id)} />
    </>
  );
}
