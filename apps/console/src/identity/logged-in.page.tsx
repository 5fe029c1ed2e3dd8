import { Text } from '@mantine/core';
import { useEffect } from 'react';
import { announceLogin } from '../shared/session.ts';

/** The end of a login in a second window: tells the first one, and closes. */
export function LoggedInPage() {
  useEffect(() => {
    announceLogin();
    window.close();
  }, []);
  return <Text role="status">You are logged in. You can close this window and go back to the other one.</Text>;
}
