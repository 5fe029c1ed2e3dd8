import { Anchor, Text } from '@mantine/core';
import { Link, useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { diffApplicationRequest, rollbackRequest } from '#deployments/contract';
import { flagOf } from '../shared/command-line.ts';
import { Confirm } from '../shared/confirm.tsx';
import { Loaded } from '../shared/page.tsx';
import { useContract } from '../shared/queries.ts';
import { toast } from '../shared/toast.ts';
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
  const diff = useContract(diffApplicationRequest, { org, name, from: latest, to: revision });
  const input = { org, name, to: revision };
  return (
    <Confirm
      title={`Roll back ${name} to v${revision}`}
      verb={`Roll back to v${revision}`}
      isDangerous={false}
      contract={rollbackRequest}
      input={{ ...input, allowRemovals: true }}
      sent={() => ({ ...input, ...reasonOf(reason), ...(allowsRemovals && { allowRemovals: true }) })}
      command={['app', 'rollback', name, '--to', `v${revision}`, ...flagOf('-m', reason.trim())]}
      preview={(outcome) => (
        <>
          <Outcome outcome={outcome} />
          <Loaded query={diff} title="The differences cannot be shown">
            {(found) => <FieldChanges diff={found} />}
          </Loaded>
          <Anchor component={Link} to={`/o/${org}/apps/${name}/diff?from=${latest}&to=${revision}`} size="sm">
            Compare the manifests of v{latest} and v{revision}
          </Anchor>
          <AllowRemovals
            isNeeded={outcome.removals !== undefined}
            checked={allowsRemovals}
            onChange={setAllowsRemovals}
          />
        </>
      )}
      isAllowed={({ removals }) => removals === undefined || allowsRemovals}
      onDone={({ application }) => {
        toast(`${name} ${application.version} has the content of v${revision}, and is deployed.`);
        void navigate({ to: `/o/${org}/apps/${name}` });
      }}
      onClose={onClose}
    >
      <Text>
        The content of v{revision} is deployed as a new revision. {name} then stays at it until the next apply, or until
        tracking is resumed.
      </Text>
      <ReasonField value={reason} onChange={setReason} />
    </Confirm>
  );
}
