import { Checkbox } from '@mantine/core';
import { DateField } from './date-field.tsx';

/** Choice of the right to read the audit log, and of its end. */
export function AuditRight({
  isGranted,
  until,
  onChange,
  error,
}: {
  readonly isGranted: boolean;
  readonly until: string | undefined;
  readonly onChange: (isGranted: boolean, until: string | undefined) => void;
  readonly error?: string | undefined;
}) {
  return (
    <>
      <Checkbox
        label="Auditor: reads, verifies, and exports the whole audit log"
        checked={isGranted}
        onChange={(event) => onChange(event.currentTarget.checked, undefined)}
      />
      {isGranted && (
        <DateField
          label="The right audit ends on"
          description="Empty: it does not end."
          value={until}
          onChange={(day) => onChange(true, day)}
          error={error}
        />
      )}
    </>
  );
}
