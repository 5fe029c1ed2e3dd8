import { Button } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { EmptyState } from './empty-state.tsx';

export function NotFoundPage() {
  return (
    <EmptyState
      title="This page does not exist"
      action={
        <Button component={Link} to="/">
          Go to your organization
        </Button>
      }
    >
      Check the address, or go to your organization.
    </EmptyState>
  );
}
