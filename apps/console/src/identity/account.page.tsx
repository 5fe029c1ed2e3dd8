import { Button, Stack, Text } from '@mantine/core';
import { aboutRequest, meRequest } from '#identity/contract';
import { OwnInvitations } from '../organizations/own-invitations.tsx';
import { CopyCommand } from '../shared/copy-command.tsx';
import { KeyValue } from '../shared/key-value.tsx';
import { Loaded, Page, Section } from '../shared/page.tsx';
import { useContract } from '../shared/queries.ts';
import { logOut } from './log-out.ts';
import { Sessions } from './sessions.tsx';

export default function AccountPage() {
  const me = useContract(meRequest, {});
  const about = useContract(aboutRequest, {});
  return (
    <Page
      title="Account"
      action={
        <Button variant="default" onClick={() => void logOut()}>
          Log out
        </Button>
      }
    >
      <Loaded query={me} title="Your account cannot be shown">
        {({ email, userId, globalRole }) => (
          <KeyValue
            pairs={[
              ['E-mail address', email ?? 'unknown'],
              ['User ID', userId],
              ['Global role', globalRole],
            ]}
          />
        )}
      </Loaded>
      <OwnInvitations />
      <Sessions />
      <Section title="Log in with astroctl">
        <Stack gap="xs" align="flex-start">
          <Text c="dimmed">On your machine, run:</Text>
          <CopyCommand command={`astroctl auth login --api-url ${about.data?.publicUrl ?? location.origin}`} />
        </Stack>
      </Section>
    </Page>
  );
}
