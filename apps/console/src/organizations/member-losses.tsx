import { Stack, Text } from '@mantine/core';
import type { MemberLoss } from '#organizations/contract';
import { Losses } from '../shared/what-would-change.tsx';
import { lossSummary } from './member.ts';

/** Shows what a member loses by a change that was not made yet. */
export function MemberLosses({ lost }: { readonly lost: MemberLoss }) {
  const { endingKeys, weakerKeys, permissions, invitations, isNothing } = lossSummary(lost);
  if (isNothing) return <Text role="status">Nothing is taken away.</Text>;
  return (
    <Stack gap="sm" role="status">
      <Losses sentence="These keys stop working at once:" items={endingKeys} />
      <Losses sentence="These keys become weaker at once:" items={weakerKeys} />
      <Losses sentence="These invitations can no longer be accepted:" items={invitations} />
      {lost.audit && <Text fw={600}>The right to read the audit log ends.</Text>}
      <Losses sentence="These permissions are lost:" items={permissions} />
    </Stack>
  );
}
