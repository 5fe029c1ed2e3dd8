import { Button } from '@mantine/core';
import { EmptyState } from '../shared/empty-state.tsx';
import { loginUrl } from '../shared/session.ts';

/** Shown after a logout. */
export function SignedOutPage() {
  return (
    <EmptyState
      title="You are logged out"
      action={
        <Button component="a" href={loginUrl('/')}>
          Log in
        </Button>
      }
    >
      Access keys of astroctl still work. To end them too, run astroctl auth logout --everywhere.
    </EmptyState>
  );
}
