import { Navigate } from '@tanstack/react-router';
import { listOrganizationsRequest } from '#organizations/contract';
import { Loaded, Page } from '../shared/page.tsx';
import { useContract } from '../shared/queries.ts';
import { lastOrganization } from './last-organization.ts';
import { OwnInvitations } from './own-invitations.tsx';

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
          <Page title="You are in no organization" sentence="Ask an owner or admin of an organization to invite you.">
            <OwnInvitations />
          </Page>
        );
      }}
    </Loaded>
  );
}
