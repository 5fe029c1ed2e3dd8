import { Code, Stack, Text, Title, VisuallyHidden } from '@mantine/core';
import type { ApplicationDiff, FieldChange } from '#deployments/contract';
import classes from './field-changes.module.css';

/** Changed fields by object, with their values before and after. Values that may be secret are fingerprints. */
export function FieldChanges({
  diff: { from, to, changes, omitted, warnings = [] },
}: {
  readonly diff: ApplicationDiff;
}) {
  const objects = [...Map.groupBy(changes, ({ object }) => object ?? 'Application')];
  return (
    <Stack gap="md">
      {warnings.map((warning) => (
        <Text key={warning} size="sm" c="var(--astro-missing)">
          {warning}
        </Text>
      ))}
      {changes.length === 0 && (
        <Text c="dimmed" role="status">
          {from === null ? 'There is no earlier revision.' : `${from} and ${to} do not differ.`}
        </Text>
      )}
      {objects.map(([object, fields]) => (
        <div key={object} className={classes['object']}>
          <Title order={3} size="sm" className={classes['name']}>
            {object}
          </Title>
          {fields.map((field) => (
            <Field key={`${field.path} ${field.change}`} field={field} labels={[from ?? 'before', to]} />
          ))}
        </div>
      ))}
      {omitted !== undefined && <Text c="dimmed">{omitted} more changes are not shown.</Text>}
    </Stack>
  );
}

function Field({
  field: { path, change, before, after },
  labels,
}: {
  readonly field: FieldChange;
  readonly labels: readonly [before: string, after: string];
}) {
  return (
    <div className={classes['field']}>
      <Text size="sm" style={{ overflowWrap: 'anywhere' }}>
        {path === '' ? 'object' : <Code>{path}</Code>} {change}
      </Text>
      <div className={classes['values']}>
        <Value label={labels[0]} mark="-" value={before} change="removed" />
        <Value label={labels[1]} mark="+" value={after} change="added" />
      </div>
    </div>
  );
}

function Value({
  label,
  mark,
  value,
  change,
}: {
  readonly label: string;
  readonly mark: string;
  readonly value: string | null;
  readonly change: string;
}) {
  return (
    <div className={classes['value']} {...(value !== null && { 'data-change': change })}>
      <VisuallyHidden>{label}: </VisuallyHidden>
      {value === null ? (
        <Text component="span" inherit c="dimmed">
          absent in {label}
        </Text>
      ) : (
        `${mark} ${value}`
      )}
    </div>
  );
}
