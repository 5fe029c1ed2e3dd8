import { Button, Group, Modal, Stack, Text } from '@mantine/core';
import { useEffect } from 'react';
import { queries } from './queries.ts';
import { LOGGED_IN, loginPrompt, loginUrl, onLogin, settleLogin } from './session.ts';
import { useStore } from './store.ts';

/** Asks for the login in a second window, while this one keeps everything that was typed. */
export default function LoginDialog() {
  const reason = useStore(loginPrompt);
  useEffect(
    () =>
      onLogin(() => {
        if (loginPrompt.get() === null) return;
        settleLogin(true);
        void queries.invalidateQueries();
      }),
    [],
  );
  if (reason === null) return null;
  return (
    <Modal
      opened
      onClose={() => settleLogin(false)}
      title={reason === 'ended' ? 'Log in again' : 'Confirm your login'}
      closeButtonProps={{ 'aria-label': 'Close' }}
      zIndex={1_000}
    >
      <Stack>
        <Text>
          {reason === 'ended'
            ? 'Your session has ended. Log in again in a new window; what you have typed here is kept.'
            : 'This needs a login of the last 15 minutes. Log in again in a new window; what you have typed here is kept.'}
        </Text>
        <Group justify="flex-end">
          <Button variant="default" onClick={() => settleLogin(false)}>
            Cancel
          </Button>
          <Button onClick={() => window.open(loginUrl(LOGGED_IN, reason === 'too-old'))} data-autofocus>
            Log in
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
