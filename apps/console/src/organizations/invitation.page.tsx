import { Button, Group } from '@mantine/core';
import { acceptInvitationRequest, declineInvitationRequest } from '#organizations/contract';
import { meRequest } from '#identity/contract';
import { Link, useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { logOut } from '../identity/log-out.ts';
import { commandLine } from '../shared/command-line.ts';
import { CopyCommand } from '../shared/copy-command.tsx';
import { Loading, Page } from '../shared/page.tsx';
import { useParam } from '../shared/params.ts';
import { ProblemError } from '../shared/platform.ts';
import { Problem } from '../shared/problem.tsx';
import { useCommand, useContract, useDryRun } from '../shared/queries.ts';
import { toast } from '../shared/toast.ts';
import { InvitationTerms } from './own-invitations.tsx';

/** Code of the refusal of an invitation that can still be declined. */
const ONLY_DECLINE = 'invitation/inviter-may-not-grant';
/** Codes of refusals that another account would not get. */
const WRONG_ACCOUNT = ['invitation/other-address', 'identity/email-unverified'];

/** The link of an invitation: what it offers, and accept or decline it. */
export default function InvitationPage() {
  const token = useParam('token');
  const me = useContract(meRequest, {});
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
      <Answer token={token} onDeclined={() => setDeclined(true)} />
    </Page>
  );
}

function Answer({ token, onDeclined }: { readonly token: string; readonly onDeclined: () => void }) {
  const accept = useCommand(acceptInvitationRequest);
  const decline = useCommand(declineInvitationRequest);
  const terms = useDryRun(acceptInvitationRequest, { token }, accept, !decline.isPending && !decline.isSuccess);
  const navigate = useNavigate();
  const join = async () => {
    const reply = await accept.run({ token });
    if (!reply) return void terms.refetch(); // something has changed since
    const { slug, name } = reply.value.organization;
    toast(`You are a member of ${name}.`);
    void navigate({ to: `/o/${slug}` });
  };
  const refuse = async () => {
    if (await decline.run({ token })) onDeclined();
    else void terms.refetch();
  };
  if (terms.isPending) return <Loading />;
  const error = terms.error ?? accept.error ?? decline.error;
  const code = error instanceof ProblemError ? error.problem.code : undefined;
  const invitation = terms.error ? undefined : terms.data;
  return (
    <>
      {invitation && <InvitationTerms invitation={invitation} />}
      {error && (
        <Problem
          error={error}
          title="The invitation cannot be accepted"
          {...(terms.error && { onRetry: () => void terms.refetch() })}
        />
      )}
      {code !== undefined && WRONG_ACCOUNT.includes(code) && (
        <Button variant="default" style={{ alignSelf: 'start' }} onClick={() => void logOut(`/invite/${token}`)}>
          Log in with another account
        </Button>
      )}
      <Group>
        {invitation && (
          <Button onClick={() => void join()} loading={accept.isPending} disabled={decline.isPending}>
            Accept invitation
          </Button>
        )}
        {(invitation || code === ONLY_DECLINE) && (
          <Button
            variant="default"
            onClick={() => void refuse()}
            loading={decline.isPending}
            disabled={accept.isPending}
          >
            Decline invitation
          </Button>
        )}
      </Group>
      {invitation && (
        <>
          <CopyCommand command={commandLine('org', 'accept', invitation.id)} />
          <CopyCommand command={commandLine('org', 'decline', invitation.id)} />
        </>
      )}
    </>
  );
}
