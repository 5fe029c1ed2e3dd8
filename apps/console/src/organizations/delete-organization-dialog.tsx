import { Checkbox, Text } from '@mantine/core';
import { deleteOrganizationRequest } from '#organizations/contract';
import { useState } from 'react';
import { Confirm } from '../shared/confirm.tsx';
import { Losses } from '../shared/what-would-change.tsx';

const KINDS = ['applications', 'profiles', 'clusters', 'keys'] as const;

/** Deletes the organization, after it has shown what is deleted with it, and its slug was typed. */
export function DeleteOrganizationDialog({
  org,
  slug,
  onClose,
}: {
  readonly org: string;
  readonly slug: string;
  readonly onClose: () => void;
}) {
  const [cascade, setCascade] = useState(false);
  const [orphan, setOrphan] = useState(false);
  return (
    <Confirm
      title="Delete organization"
      verb="Delete organization"
      name={slug}
      contract={deleteOrganizationRequest}
      input={{ org, cascade, orphan }}
      command={['org', 'delete', cascade && '--cascade', orphan && '--orphan', '--confirm', slug]}
      preview={({ deletes }) =>
        KINDS.filter((kind) => deletes[kind].count > 0).map((kind) => (
          <Losses
            key={kind}
            sentence={`${deletes[kind].count} ${kind} end:`}
            items={
              deletes[kind].count > deletes[kind].names.length
                ? [...deletes[kind].names, 'and others']
                : deletes[kind].names
            }
          />
        ))
      }
      onDone={() => location.assign('/')} // nothing of the organization can be read again
      onClose={onClose}
    >
      <Text>Its API keys end at once. It cannot be undone.</Text>
      <Checkbox
        label="Delete its applications with their objects, its profiles, and its registered clusters first"
        checked={cascade}
        onChange={(event) => {
          setCascade(event.currentTarget.checked);
          setOrphan(false);
        }}
      />
      <Checkbox
        label="Keep the objects of the applications on their clusters"
        checked={orphan}
        disabled={!cascade}
        onChange={(event) => setOrphan(event.currentTarget.checked)}
      />
    </Confirm>
  );
}
