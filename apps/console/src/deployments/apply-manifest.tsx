import { Alert, Button, Group, List, Stack, Text } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { lazy, Suspense, useCallback, useEffect, useMemo, useState, type ReactNode } from 'react';
import { applyApplicationRequest } from '#deployments/contract';
import { CopyCommand } from '../shared/copy-command.tsx';
import { Loading, Section } from '../shared/page.tsx';
import { ProblemError } from '../shared/platform.ts';
import { Problem } from '../shared/problem.tsx';
import { useCommand, useDryRun } from '../shared/queries.ts';
import { ActionButton } from './action-button.tsx';
import { Outcome } from './apply-outcome.tsx';
import { planIn } from './plan.ts';
import { applyCommand } from './apply-command.ts';
import { checkManifest, type CheckedManifest, type TextProblem } from './manifest-check.ts';
import { AllowRemovals, isOfRemovals, ReasonField, reasonOf } from './operation-dialog.tsx';
import { LEGIBLE } from './legible.ts';

const ManifestEditor = lazy(() => import('./manifest-editor.tsx'));

/** Milliseconds without a key until the platform is asked what would change. */
const QUIET_MS = 600;

interface Props {
  readonly org: string;
  readonly text: string;
  readonly onText: (text: string) => void;
  /** Name that the application must keep; absent for a new one. */
  readonly name?: string;
  /** Revision that was read, for `If-Match`. */
  readonly ifMatch?: number;
  /** Whether the text is worth a dry run. */
  readonly isChanged: boolean;
  /** Why the person may not apply it. */
  readonly refusal: string | undefined;
  readonly verb: string;
  /** Shown beside the button. */
  readonly children?: ReactNode;
  readonly onDone: (name: string, version: string) => void;
}

/** An editor for the manifest of an application, what its apply would change, and the button that applies it. */
export function ApplyManifest({ text, onText, isChanged, refusal, name, ...props }: Props) {
  const checked = useMemo(() => checkManifest(text), [text]);
  const [quiet] = useDebouncedValue(text, QUIET_MS);
  const wrongName =
    name !== undefined && checked.manifest && checked.manifest.spec.name !== name
      ? [{ line: 1, column: 1, message: `the name must stay ${name}; another name is another application` }]
      : [];
  const own = [...checked.problems, ...wrongName];
  const isReady = isChanged && quiet === text && checked.manifest !== undefined && own.length === 0;
  const [reason, setReason] = useState('');
  const [refused, setRefused] = useState<{ readonly text: string; readonly error: Error }>();
  const setRefusal = useCallback((error: Error) => setRefused({ text, error }), [text]);
  const problems = own.length > 0 ? own : refused?.text === text ? placedIn(checked, refused.error) : [];
  return (
    <Stack>
      <Suspense fallback={<Loading lines={8} />}>
        <ManifestEditor
          label="Manifest"
          value={text}
          problems={problems}
          onChange={onText}
          isReadOnly={refusal !== undefined}
        />
      </Suspense>
      <Problems problems={problems} />
      {checked.warnings.map((warning) => (
        <Text key={warning} size="sm" c="var(--astro-missing)">
          {warning}
        </Text>
      ))}
      {isReady && checked.manifest ? (
        <Preview
          {...props}
          reason={reason}
          onReason={setReason}
          name={checked.manifest.spec.name}
          manifest={checked.manifest.value}
          refusal={refusal}
          onRefused={setRefusal}
        />
      ) : (
        <Group>
          <Button disabled>{props.verb}</Button>
          {props.children}
        </Group>
      )}
    </Stack>
  );
}

const placedIn = ({ placed }: CheckedManifest, error: Error): readonly TextProblem[] =>
  error instanceof ProblemError ? placed(error.problem.errors ?? []) : [];

/** What is wrong, by line and column; the same marks are in the editor. */
function Problems({ problems }: { readonly problems: readonly TextProblem[] }) {
  return (
    <div aria-live="polite">
      {problems.length > 0 && (
        <Alert color="red" variant="outline" title="The manifest cannot be applied" styles={LEGIBLE}>
          <List size="sm">
            {problems.map(({ line, column, message }) => (
              <List.Item key={`${line}:${column} ${message}`}>
                Line {line}, column {column}: {message}
              </List.Item>
            ))}
          </List>
        </Alert>
      )}
    </div>
  );
}

function Preview({
  org,
  name,
  manifest,
  ifMatch,
  refusal,
  verb,
  reason,
  children,
  onReason,
  onRefused,
  onDone,
}: Pick<Props, 'org' | 'ifMatch' | 'refusal' | 'verb' | 'children' | 'onDone'> & {
  readonly name: string;
  readonly manifest: unknown;
  readonly reason: string;
  readonly onReason: (reason: string) => void;
  readonly onRefused: (error: Error) => void;
}) {
  const [allowsRemovals, setAllowsRemovals] = useState(false);
  const input = { org, name, manifest };
  const apply = useCommand(applyApplicationRequest, {
    onDone: ({ value }) => onDone(name, value.application.version),
  });
  const dryRun = useDryRun(applyApplicationRequest, { ...input, allowRemovals: true }, apply, refusal === undefined);
  const outcome = dryRun.data;
  const error = dryRun.error ?? apply.error;
  useEffect(() => {
    if (error) onRefused(error);
  }, [error, onRefused]);
  const send = () =>
    void apply.run(
      {
        ...input,
        ...reasonOf(reason),
        ...planIn(outcome),
        ...(allowsRemovals && { allowRemovals: true }),
      },
      ifMatch === undefined ? {} : { ifMatch },
    );
  const waits =
    refusal ??
    (outcome === undefined
      ? 'What would change is being determined.'
      : outcome.outcome === 'unchanged'
        ? 'Nothing changes.'
        : outcome.removals !== undefined && !allowsRemovals
          ? 'Confirm the deletion of the objects first.'
          : undefined);
  return (
    <Section title="What would change">
      {dryRun.error ? (
        <Problem error={dryRun.error} onRetry={() => void dryRun.refetch()} />
      ) : outcome === undefined ? (
        refusal === undefined && <Loading lines={2} />
      ) : (
        <Outcome outcome={outcome} />
      )}
      <ReasonField value={reason} onChange={onReason} />
      <AllowRemovals
        isNeeded={outcome?.removals !== undefined || isOfRemovals(apply.error)}
        checked={allowsRemovals}
        onChange={setAllowsRemovals}
      />
      {apply.error && <Problem error={apply.error} />}
      <CopyCommand command={applyCommand(org, name, reason)} />
      <Group>
        <ActionButton refusal={waits} loading={apply.isPending} onClick={send}>
          {verb}
        </ActionButton>
        {children}
      </Group>
    </Section>
  );
}
