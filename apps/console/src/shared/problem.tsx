import { Alert, Button, Group, Stack, Text } from '@mantine/core';
import { CopyCommand } from './copy-command.tsx';
import { ProblemError } from './platform.ts';

/** Returns the command in the fix of a problem: its text from `astroctl` on. */
const commandIn = (fix: string | undefined): string | undefined =>
  /(?:^|: |run )(astroctl [^;]+)$/.exec(fix ?? '')?.[1];

/**
 * Shows a problem in the words of `astroctl`: the sentence, what to do, and the request ID.
 *
 * @param title what could not be done, such as `The members cannot be shown`
 */
export function Problem({
  error,
  title,
  onRetry,
}: {
  readonly error: Error;
  readonly title?: string;
  readonly onRetry?: () => void;
}) {
  const problem = error instanceof ProblemError ? error.problem : undefined;
  const command = commandIn(problem?.fix);
  return (
    <Alert
      color="red"
      variant="outline"
      role="alert"
      title={title}
      style={{ '--alert-color': 'var(--astro-bad)' }}
      styles={{ message: { color: 'inherit' } }}
    >
      <Stack gap="xs" align="flex-start">
        <Text>{error.message}</Text>
        {problem?.errors?.map(({ pointer, message }) => (
          <Text key={pointer + message} size="sm">
            <Text component="span" ff="monospace">
              {pointer}
            </Text>
            : {message}
          </Text>
        ))}
        {problem?.fix !== undefined && <Text>To fix it: {problem.fix}.</Text>}
        {command !== undefined && <CopyCommand command={command} />}
        <Group gap="sm">
          {onRetry && (
            <Button size="xs" variant="default" onClick={onRetry}>
              Try again
            </Button>
          )}
          {error instanceof ProblemError && error.requestId !== undefined && (
            <Text size="xs" c="dimmed" ff="monospace">
              Ref {error.requestId}
            </Text>
          )}
        </Group>
      </Stack>
    </Alert>
  );
}
