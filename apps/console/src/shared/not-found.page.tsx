import { Button } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { Page } from './page.tsx';

export function NotFoundPage() {
  return (
    <Page title="This page does not exist" sentence="Check the address, or go to your organization.">
      <Button component={Link} to="/" style={{ alignSelf: 'start' }}>
        Go to your organization
      </Button>
    </Page>
  );
}
