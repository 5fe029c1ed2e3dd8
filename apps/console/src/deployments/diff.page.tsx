import { Group, SegmentedControl, Select, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { stringify } from 'yaml';
import {
  diffApplicationRequest,
  getRevisionRequest,
  listRevisionsRequest,
  type ApplicationView,
} from '#deployments/contract';
import { useAddress } from '../shared/address.ts';
import { commandFor } from '../shared/command-line.ts';
import { CopyCommand } from '../shared/copy-command.tsx';
import { Loaded, Section } from '../shared/page.tsx';
import { useOrg } from '../shared/params.ts';
import { send, type ProblemError } from '../shared/platform.ts';
import { keyOf, useAllPages, useContract } from '../shared/queries.ts';
import { ApplicationFrame } from './application-frame.tsx';
import { DiffView } from './diff-view.tsx';
import { FieldChanges } from './field-changes.tsx';

/** The cluster, in place of a revision. */
const LIVE = 'live';

export default function DiffPage() {
  return <ApplicationFrame tab="Diff">{(application) => <Diff application={application} />}</ApplicationFrame>;
}

function Diff({ application: { name, version } }: { readonly application: ApplicationView }) {
  const org = useOrg();
  const [{ from, to }, setAddress] = useAddress();
  const revisions = useAllPages(listRevisionsRequest, { org, name });
  const latest = numberOf(version) ?? 1;
  const isLive = to === LIVE;
  const newer = numberOf(to) ?? latest;
  const older = isLive ? latest : (numberOf(from) ?? Math.max(1, newer - 1));
  const options = [...revisions.items]
    .reverse()
    .map((item) => ({ value: String(item.revision), label: `${item.version} · ${item.state}` }));
  const diff = useContract(
    diffApplicationRequest,
    isLive ? { org, name, live: true } : { org, name, from: older, to: newer },
  );
  const command = commandFor({ org }, 'app', 'diff', name, ...(isLive ? ['--live'] : [`v${older}`, `v${newer}`]));
  return (
    <Stack gap="lg">
      <Group align="end">
        <Select
          label="From"
          data={options}
          value={String(older)}
          disabled={isLive}
          allowDeselect={false}
          onChange={(value) => setAddress({ from: value ?? undefined })}
        />
        <Select
          label="To"
          data={[{ value: LIVE, label: 'live: the cluster' }, ...options]}
          value={isLive ? LIVE : String(newer)}
          allowDeselect={false}
          onChange={(value) => setAddress({ to: value ?? undefined, ...(value === LIVE && { from: undefined }) })}
        />
        <CopyCommand command={command} />
      </Group>
      {isLive && <Text c="dimmed">The cluster is compared with {version}, the latest revision.</Text>}
      <Section title="Changed fields">
        <Loaded query={diff} title="The differences cannot be shown">
          {(found) => <FieldChanges diff={found} />}
        </Loaded>
      </Section>
      {!isLive && <Texts org={org} name={name} pair={[older, newer]} />}
    </Stack>
  );
}

/** The manifests of two revisions, or the objects that they were applied as. */
function Texts({
  org,
  name,
  pair: [older, newer],
}: {
  readonly org: string;
  readonly name: string;
  readonly pair: readonly [number, number];
}) {
  const [{ of }, setAddress] = useAddress();
  const objects = of === 'objects';
  const before = useRevisionText(org, name, older, objects);
  const after = useRevisionText(org, name, newer, objects);
  return (
    <Section
      title={objects ? 'Objects as they were applied' : 'Manifest'}
      action={
        <SegmentedControl
          size="xs"
          aria-label="Compare"
          value={objects ? 'objects' : 'manifest'}
          onChange={(value) => setAddress({ of: value === 'objects' ? value : undefined })}
          data={[
            { value: 'manifest', label: 'Manifest' },
            { value: 'objects', label: 'Objects' },
          ]}
        />
      }
    >
      <Loaded query={before} title={`v${older} cannot be shown`}>
        {(left) => (
          <Loaded query={after} title={`v${newer} cannot be shown`}>
            {(right) => (
              <DiffView
                key={`${older} ${newer} ${objects}`}
                before={left}
                after={right}
                labels={[`v${older}`, `v${newer}`]}
              />
            )}
          </Loaded>
        )}
      </Loaded>
    </Section>
  );
}

/** Reads the manifest of a revision as YAML, or all objects that it was applied as. */
function useRevisionText(org: string, name: string, revision: number, objects: boolean) {
  const input = { org, name, revision, objects };
  return useQuery<string, ProblemError>({
    queryKey: [...keyOf(getRevisionRequest, input), 'text'],
    staleTime: Infinity, // a revision never changes
    queryFn: async ({ signal }) => {
      const first = (await send(getRevisionRequest, input, { signal })).value;
      if (!objects) return yaml(first.manifest);
      const all = [...(first.objects ?? [])];
      for (let { next } = first; next !== undefined;) {
        const more = (await send(getRevisionRequest, { ...input, from: next }, { signal })).value;
        all.push(...(more.objects ?? []));
        next = more.next;
      }
      return all.map(yaml).join('---\n');
    },
  });
}

const yaml = (value: unknown): string =>
  value === undefined ? '' : stringify(value, { version: '1.1', lineWidth: 0 });

/** Returns the number of a version, such as 3 for `v3` or `3`. */
const numberOf = (text: string | undefined): number | undefined => {
  const number = Number(/^v?(\d{1,9})$/.exec(text ?? '')?.[1]);
  return number >= 1 ? number : undefined;
};
