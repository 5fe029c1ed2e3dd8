import { Alert, Button, Group, Stack, Text } from '@mantine/core';
import { useBlocker, useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { stringify } from 'yaml';
import { getRevisionRequest, type ApplicationView } from '#deployments/contract';
import { commandFor } from '../shared/command-line.ts';
import { CopyCommand } from '../shared/copy-command.tsx';
import { Loaded } from '../shared/page.tsx';
import { useOrg } from '../shared/params.ts';
import { useContract } from '../shared/queries.ts';
import { toast } from '../shared/toast.ts';
import { ApplicationFrame } from './application-frame.tsx';
import { useRefusal } from './application-rights.ts';
import { ApplyManifest } from './apply-manifest.tsx';
import { LEGIBLE } from './legible.ts';

export default function ManifestPage() {
  return (
    <ApplicationFrame tab="Manifest">
      {(application) => <Manifest key={application.name} application={application} />}
    </ApplicationFrame>
  );
}

function Manifest({ application }: { readonly application: ApplicationView }) {
  const org = useOrg();
  const latest = useContract(getRevisionRequest, { org, name: application.name, revision: 'latest' });
  return (
    <Loaded query={latest} title="The manifest cannot be shown">
      {({ revision, manifest, hidden }) => (
        <Editor
          org={org}
          application={application}
          revision={revision}
          manifest={stringify(manifest, { version: '1.1', lineWidth: 0 })}
          hidden={hidden}
        />
      )}
    </Loaded>
  );
}

function Editor({
  org,
  application,
  revision,
  manifest,
  hidden,
}: {
  readonly org: string;
  readonly application: ApplicationView;
  readonly revision: number;
  readonly manifest: string;
  readonly hidden: number;
}) {
  const { name } = application;
  const refusal = useRefusal(org, application)('application.deploy');
  // What was read when the person began to type, so that somebody else's change in the meantime is noticed.
  const [draft, setDraft] = useState<{ readonly text: string; readonly base: string; readonly revision: number }>();
  const navigate = useNavigate();
  const base = draft ?? { text: manifest, base: manifest, revision };
  const isChanged = base.text !== base.base;
  useBlocker({
    shouldBlockFn: () => isChanged && !window.confirm('Leave without applying your changes?'),
    enableBeforeUnload: isChanged,
    disabled: !isChanged,
  });
  return (
    <Stack>
      <CopyCommand command={`${commandFor({ org }, 'app', 'export', name)} > ${name}.yaml`} />
      {refusal !== undefined && <Text c="dimmed">The manifest cannot be changed by you. {refusal}</Text>}
      {hidden > 0 && <Text c="dimmed">Values that may be secret are shown as fingerprints.</Text>}
      {isChanged && base.revision !== revision && (
        <Alert color="yellow" variant="outline" styles={LEGIBLE} role="status">
          <Group justify="space-between">
            <Text>
              v{revision} was applied while you edited v{base.revision}. Your changes cannot be applied on top of it.
            </Text>
            <Button variant="default" size="xs" onClick={() => setDraft(undefined)}>
              Discard changes and edit v{revision}
            </Button>
          </Group>
        </Alert>
      )}
      <ApplyManifest
        org={org}
        name={name}
        text={base.text}
        onText={(text) => setDraft(text === base.base ? undefined : { ...base, text })}
        ifMatch={base.revision}
        isChanged={isChanged}
        refusal={refusal}
        verb="Apply manifest"
        onDone={(_, version) => {
          setDraft(undefined);
          toast(`${name} ${version} is deployed.`);
          void navigate({ to: `/o/${org}/apps/${name}`, ignoreBlocker: true });
        }}
      >
        {isChanged && (
          <Button variant="default" onClick={() => setDraft(undefined)}>
            Discard changes
          </Button>
        )}
      </ApplyManifest>
    </Stack>
  );
}
