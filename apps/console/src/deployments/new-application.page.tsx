import {
  Button,
  Group,
  NumberInput,
  SegmentedControl,
  Select,
  SimpleGrid,
  Stack,
  Text,
  Textarea,
  TextInput,
} from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useNavigate } from '@tanstack/react-router';
import { useMemo, useState, type FormEvent } from 'react';
import { stringify } from 'yaml';
import { applyApplicationRequest, listProfilesRequest, readApplication } from '#deployments/contract';
import { useAddress } from '../shared/address.ts';
import { CopyCommand } from '../shared/copy-command.tsx';
import { Loading, Page, Section } from '../shared/page.tsx';
import { useOrg } from '../shared/params.ts';
import { ProblemError } from '../shared/platform.ts';
import { Problem } from '../shared/problem.tsx';
import { useAllPages, useCommand, useDryRun } from '../shared/queries.ts';
import { toast } from '../shared/toast.ts';
import { ActionButton } from './action-button.tsx';
import { useRefusal } from './application-rights.ts';
import { applyCommand } from './apply-command.ts';
import { ApplyManifest } from './apply-manifest.tsx';
import { Outcome } from './apply-outcome.tsx';
import { fieldOf, manifestOfForm, type ImageForm } from './image-form.ts';

const EMPTY: ImageForm = { name: '', image: '', profile: undefined, port: '', replicas: '', health: '', env: '' };
/** Milliseconds without a key until the platform is asked what would change. */
const QUIET_MS = 600;

export default function NewApplicationPage() {
  const org = useOrg();
  const [{ from }, setAddress] = useAddress();
  const [form, setForm] = useState(EMPTY);
  const [text, setText] = useState('');
  const navigate = useNavigate();
  const refusal = useRefusal(org)('application.deploy');
  const created = (name: string) => {
    toast(`${name} is being deployed.`);
    void navigate({ to: `/o/${org}/apps/${name}` });
  };
  const isManifest = from === 'manifest';
  const show = (next: string) => {
    if (next === 'manifest' && text === '' && form !== EMPTY)
      setText(stringify(manifestOfForm(form), { version: '1.1', lineWidth: 0 }));
    setAddress({ from: next === 'manifest' ? next : undefined });
  };
  return (
    <Page title="New application" sentence="An application is deployed to the cluster of its profile.">
      <SegmentedControl
        aria-label="Create from"
        value={isManifest ? 'manifest' : 'image'}
        onChange={show}
        style={{ alignSelf: 'start' }}
        data={[
          { value: 'image', label: 'Image' },
          { value: 'manifest', label: 'Manifest' },
        ]}
      />
      {refusal !== undefined && <Text c="dimmed">You may not create applications. {refusal}</Text>}
      {isManifest ? (
        <>
          <Text>Paste a manifest: of an image, a chart, a git repository, or Kubernetes YAML.</Text>
          <ApplyManifest
            org={org}
            text={text}
            onText={setText}
            isChanged={text.trim() !== ''}
            refusal={refusal}
            verb="Create application"
            onDone={created}
          />
        </>
      ) : (
        <FromImage org={org} form={form} onForm={setForm} refusal={refusal} onDone={created} />
      )}
    </Page>
  );
}

function FromImage({
  org,
  form,
  onForm,
  refusal,
  onDone,
}: {
  readonly org: string;
  readonly form: ImageForm;
  readonly onForm: (form: ImageForm) => void;
  readonly refusal: string | undefined;
  readonly onDone: (name: string) => void;
}) {
  const [quiet] = useDebouncedValue(form, QUIET_MS);
  const manifest = useMemo(() => manifestOfForm(form), [form]);
  const read = useMemo(() => readApplication(manifest), [manifest]);
  const [isSubmitted, setSubmitted] = useState(false);
  const name = form.name.trim();
  const isReady = read.ok && quiet === form && refusal === undefined;
  const create = useCommand(applyApplicationRequest, { onDone: () => onDone(name) });
  const dryRun = useDryRun(applyApplicationRequest, { org, name, manifest }, create, isReady);
  const error = create.error ?? dryRun.error;
  const refused = error instanceof ProblemError ? (error.problem.errors ?? []) : [];
  const faults = [...(read.ok ? [] : read.error), ...(isReady ? refused : [])];
  const errorOf = (field: keyof ImageForm): string | undefined =>
    isSubmitted || form[field] !== EMPTY[field]
      ? faults.find(({ pointer }) => fieldOf(pointer) === field)?.message
      : undefined;
  const exists = dryRun.data !== undefined && dryRun.data.outcome !== 'created';
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setSubmitted(true);
    if (read.ok && dryRun.data && !exists && refusal === undefined) void create.run({ org, name, manifest });
  };
  return (
    <form onSubmit={submit} noValidate>
      <Stack maw={760}>
        <Fields org={org} form={form} onForm={onForm} errorOf={errorOf} />
        {isReady && (
          <Section title="What would change">
            {error && refused.length === 0 && <Problem error={error} />}
            {!dryRun.error && !dryRun.data && <Loading lines={2} />}
            {exists && (
              <Text c="var(--astro-bad)">An application with this name exists already. Use another name.</Text>
            )}
            {dryRun.data && !exists && <Outcome outcome={dryRun.data} />}
          </Section>
        )}
        <Group>
          {refusal === undefined ? (
            <Button type="submit" loading={create.isPending} disabled={read.ok && (!isReady || !dryRun.data || exists)}>
              Create application
            </Button>
          ) : (
            <ActionButton refusal={refusal} onClick={() => undefined}>
              Create application
            </ActionButton>
          )}
        </Group>
        <CopyCommand command={applyCommand(org, name || 'web')} />
      </Stack>
    </form>
  );
}

function Fields({
  org,
  form,
  onForm,
  errorOf,
}: {
  readonly org: string;
  readonly form: ImageForm;
  readonly onForm: (form: ImageForm) => void;
  readonly errorOf: (field: keyof ImageForm) => string | undefined;
}) {
  const profiles = useAllPages(listProfilesRequest, { org });
  const set = (change: Partial<ImageForm>) => onForm({ ...form, ...change });
  return (
    <>
      <TextInput
        label="Name"
        description="Lower case letters, digits, and -. It cannot change later."
        placeholder="web"
        required
        value={form.name}
        error={errorOf('name')}
        onChange={(event) => set({ name: event.currentTarget.value })}
      />
      <TextInput
        label="Image"
        description="Registry, repository, and tag. Without a registry: Docker Hub."
        placeholder="images.acme.dev/shop/web:1.4.2"
        required
        value={form.image}
        error={errorOf('image')}
        onChange={(event) => set({ image: event.currentTarget.value })}
      />
      <Select
        label="Profile"
        description="Decides the cluster and the tier. Optional if there is only one."
        placeholder={profiles.items.length === 1 ? profiles.items[0]?.name : 'Select a profile'}
        clearable
        data={profiles.items.map(({ name, cluster, tier }) => ({
          value: name,
          label: `${name} · ${cluster} · ${tier}`,
        }))}
        value={form.profile ?? null}
        error={errorOf('profile')}
        onChange={(profile) => set({ profile: profile ?? undefined })}
      />
      <SimpleGrid cols={{ base: 1, sm: 3 }}>
        <NumberInput
          label="Port"
          description="Default: 8080"
          hideControls
          value={form.port}
          error={errorOf('port')}
          onChange={(port) => set({ port: String(port) })}
        />
        <NumberInput
          label="Replicas"
          description="Default: by the tier"
          min={1}
          value={form.replicas}
          error={errorOf('replicas')}
          onChange={(replicas) => set({ replicas: String(replicas) })}
        />
        <TextInput
          label="Health check path"
          description="Default: the port is open"
          placeholder="/healthz"
          value={form.health}
          error={errorOf('health')}
          onChange={(event) => set({ health: event.currentTarget.value })}
        />
      </SimpleGrid>
      <Textarea
        label="Environment variables"
        description="One NAME=value a line. All members can read them: for secrets, use the tab Secrets of the application."
        autosize
        minRows={2}
        maxRows={10}
        styles={{ input: { fontFamily: 'var(--mantine-font-family-monospace)' } }}
        value={form.env}
        error={errorOf('env')}
        onChange={(event) => set({ env: event.currentTarget.value })}
      />
    </>
  );
}
