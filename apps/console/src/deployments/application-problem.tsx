import { Alert, Stack, Text } from '@mantine/core';
import type { ApplicationStatusView } from '#deployments/contract';
import { CopyCommand } from '../shared/copy-command.tsx';
import { LEGIBLE } from './legible.ts';

type Failing = Pick<ApplicationStatusView, 'status' | 'code' | 'fix' | 'message' | 'problem' | 'servingVersion'> &
  Partial<Pick<ApplicationStatusView, 'externalAccess'>>;

/** Says why an application does not run as it should, and what to do, in the words of `astroctl app status`. */
export function ApplicationProblem({ application }: { readonly application: Failing }) {
  const { code, fix, message, problem, servingVersion, externalAccess = [], status } = application;
  const sentences = [code === null ? problem : (message ?? problem), ...externalAccess].filter(
    (text) => text !== null && text !== undefined,
  );
  if (sentences.length === 0) return null;
  const command = /astroctl [^;]+/.exec(fix ?? '')?.[0];
  const isFailure = status === 'FAILED' || status === 'DEGRADED';
  return (
    <Alert
      color={isFailure ? 'red' : 'yellow'}
      variant="outline"
      role={isFailure ? 'alert' : 'status'}
      title={isFailure ? 'Problem' : 'Waiting'}
      styles={LEGIBLE}
    >
      <Stack gap="xs" align="flex-start">
        {sentences.map((text) => (
          <Text key={text} style={{ overflowWrap: 'anywhere' }}>
            {text}
          </Text>
        ))}
        {servingVersion !== null && <Text>{servingVersion} still serves.</Text>}
        {fix !== null && <Text>To fix it: {fix}</Text>}
        {command !== undefined && <CopyCommand command={command} />}
        {code !== null && (
          <Text size="xs" c="dimmed" ff="monospace">
            Ref {code}
          </Text>
        )}
      </Stack>
    </Alert>
  );
}
