import { getOrganizationRequest } from '#organizations/contract';
import { Loaded, Page } from '../shared/page.tsx';
import { useOrg } from '../shared/params.ts';
import { useContract } from '../shared/queries.ts';

export default function HomePage() {
  const org = useOrg();
  const organization = useContract(getOrganizationRequest, { org });
  return (
    <Loaded query={organization} title="The organization cannot be shown">
      {({ name, role, plan }) => (
        <Page title={name} sentence={`You are ${role ?? 'a global admin'}. Plan ${plan}.`}>
          {null}
        </Page>
      )}
    </Loaded>
  );
}
