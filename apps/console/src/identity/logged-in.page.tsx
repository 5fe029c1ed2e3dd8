import { useEffect } from 'react';
import { Page } from '../shared/page.tsx';
import { announceLogin } from '../shared/session.ts';

/** The end of a login in a second window: tells the first one, and closes. */
export function LoggedInPage() {
  useEffect(() => {
    announceLogin();
    window.close();
  }, []);
  return (
    <Page title="You are logged in" sentence="You can close this window and go back to the other one.">
      {null}
    </Page>
  );
}
