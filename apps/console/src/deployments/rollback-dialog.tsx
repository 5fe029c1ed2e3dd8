import { Anchor, Text } from '@mantine/core';
import { Link, useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { diffApplicationRequest, rollbackRequest } from '#deployments/contract';
import { CopyCommand } from '../shared/copy-command.tsx';
import { Confirm } from '../shared/dialogs.tsx';
import { Loaded } from '../shared/page.tsx';
import { isOpen, useCommand, useContract, useDryRun } from '../shared/queries.ts';
import { toast } from '../shared/toast.ts';
import { WhatWouldChange } from '../shared/what-would-change.tsx';
import { Outcome } from './apply-outcome.tsx';
import { FieldChanges } from './field-changes.tsx';
import { AllowRemovals, ReasonField, reasonOf } from './operation-dialog.tsx';

/** Shows what a rollback would change, by its dry run, before it can be confirmed. */
export function RollbackDialog({
  org,
  name,
  revision,
  latest,
  onClose,
}: {
  readonly org: string;
  readonly name: string;
  readonly revision: number;
  /** Number of the latest revision, with which it is compared. */
  readonly latest: number;
  readonly onClose: () => void;
}) {
  const [reason, setReason] = useState('');
  const [allowsRemovals, setAllowsRemovals] = useState(false);
  const navigate = useNavigate();
  const input = { org, name, to: revision };
  const rollback = useCommand(rollbackRequest, {
    onDone: ({ value }) => {
      toast(`${name} ${value.application.version} has the content of v${revision}, and is deployed.`);
      void navigate({ to: `/o/${org}/apps/${name}` });
    },
  });
  const dryRun = useDryRun(rollbackRequest, { ...input, allowRemovals: true }, rollback);
  const diff = useContract(
    diffApplicationRequest,
    { org, name, from: latest, to: revision },
    { enabled: isOpen(rollback) },
  );
  const removals = dryRun.data?.removals;
  return (
    <Confirm
      title={`Roll back ${name} to v${revision}`}
      verb={`Roll back to v${revision}`}
      isDangerous={false}
      isWaiting={!dryRun.data || (removals !== undefined && !allowsRemovals)}
      isPending={rollback.isPending}
      error={rollback.error}
      onConfirm={() =>
        void rollback.run({ ...input, ...reasonOf(reason), ...(allowsRemovals && { allowRemovals: true }) })
      }
      onClose={onClose}
    >
      <Text>
        The content of v{revision} is deployed as a new revision. {name} then stays at it until the next apply, or until
        tracking is resumed.
      </Text>
      <WhatWouldChange dryRun={dryRun}>
        {(outcome) => (
          <>
            <Outcome outcome={outcome} />
            <Loaded query={diff} title="The differences cannot be shown">
              {(found) => <FieldChanges diff={found} />}
            </Loaded>
            <Anchor component={Link} to={`/o/${org}/apps/${name}/diff?from=${latest}&to=${revision}`} size="sm">
              Compare the manifests of v{latest} and v{revision}
            </Anchor>
          </>
        )}
      </WhatWouldChange>
      <ReasonField value={reason} onChange={setReason} />
      <CopyCommand command={`astroctl app rollback ${name} --to v${revision}`} />
      <AllowRemovals
        error={rollback.error}
        isNeeded={removals !== undefined}
        checked={allowsRemovals}
        onChange={setAllowsRemovals}
      />
    </Confirm>
  );
}
