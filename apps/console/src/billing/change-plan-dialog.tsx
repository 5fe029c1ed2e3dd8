import { Text } from '@mantine/core';
import { changePlanRequest } from '#billing/contract';
import { Confirm } from '../shared/confirm.tsx';
import { KeyValue } from '../shared/key-value.tsx';
import { toast } from '../shared/toast.ts';
import { LIMITS, limitText } from './limits.ts';

/** Changes the plan, after it has shown the new limits, or what exceeds them. */
export function ChangePlanDialog({
  org,
  plan,
  onClose,
}: {
  readonly org: string;
  readonly plan: { readonly name: string; readonly title: string };
  readonly onClose: () => void;
}) {
  return (
    <Confirm
      title={`Change to plan ${plan.title}`}
      verb="Change plan"
      isDangerous={false}
      contract={changePlanRequest}
      input={{ org, plan: plan.name }}
      command={['org', 'plan', 'set', plan.name]}
      preview={({ limits }) => (
        <>
          <Text>Everything in use fits into the new limits, which apply at once:</Text>
          <KeyValue pairs={LIMITS.map(({ key, title, unit }) => [title, limitText(limits[key], unit)])} />
        </>
      )}
      onDone={() => toast(`The plan is ${plan.title}.`)}
      onClose={onClose}
    />
  );
}
