import { Navigate } from '@tanstack/react-router';
import { listOrganizationsRequest } from '#organizations/contract';
import { EmptyState } from '../shared/empty-state.tsx';
import { Loaded } from '../shared/page.tsx';
import { useContract } from '../shared/queries.ts';
import { lastOrganization } from './last-organization.ts';

/** `/`: leads to the organization that was used last. */
export function LastOrganizationPage() {
  const organizations = useContract(listOrganizationsRequest, {});
  return (
    <Loaded query={organizations} title="Your organizations cannot be shown">
      {({ items }) => {
        const last = lastOrganization();
        const next = items.find(({ slug }) => slug === last) ?? items[0];
        return next ? (
          <Navigate to={`/o/${next.slug}`} replace />
        ) : (
          <EmptyState title="You are in no organization">
            Ask an owner or admin of an organization to invite you, then open the link of the invitation.
          </EmptyState>
        );
      }}
    </Loaded>
  );
}
