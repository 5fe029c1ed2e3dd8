import { Text } from '@mantine/core';
import { changePlanRequest } from '#billing/contract';
import { commandLine } from '../shared/command-line.ts';
import { CopyCommand } from '../shared/copy-command.tsx';
import { Confirm } from '../shared/dialogs.tsx';
import { KeyValue } from '../shared/key-value.tsx';
import { useCommand, useDryRun } from '../shared/queries.ts';
import { toast } from '../shared/toast.ts';
import { WhatWouldChange } from '../shared/what-would-change.tsx';
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
  const input = { org, plan: plan.name };
  const command = useCommand(changePlanRequest);
  const dryRun = useDryRun(changePlanRequest, input, command);
  const confirm = async () => {
    if (!(await command.run(input))) return;
    toast(`The plan is ${plan.title}.`);
    onClose();
  };
  return (
    <Confirm
      title={`Change to plan ${plan.title}`}
      verb="Change plan"
      isDangerous={false}
      isWaiting={dryRun.data === undefined}
      isPending={command.isPending}
      error={command.error}
      onConfirm={() => void confirm()}
      onClose={onClose}
    >
      <WhatWouldChange dryRun={dryRun}>
        {({ limits }) => (
          <>
            <Text>Everything in use fits into the new limits, which apply at once:</Text>
            <KeyValue pairs={LIMITS.map(({ key, title, unit }) => [title, limitText(limits[key], unit)])} />
          </>
        )}
      </WhatWouldChange>
      <CopyCommand command={commandLine('org', 'plan', 'set', plan.name, '--org', org)} />
    </Confirm>
  );
}
