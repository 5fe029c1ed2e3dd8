import { Button } from '@mantine/core';
import { Page } from '../shared/page.tsx';
import { loginUrl } from '../shared/session.ts';

/** Shown after a logout. */
export function SignedOutPage() {
  return (
    <Page
      title="You are logged out"
      sentence="Access keys still work. To end them too, run astroctl auth logout --everywhere."
    >
      <Button component="a" href={loginUrl('/')} style={{ alignSelf: 'start' }}>
        Log in
      </Button>
    </Page>
  );
}
