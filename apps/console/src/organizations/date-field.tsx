import { TextInput } from '@mantine/core';

/** A day, or none. A time that was set before is kept until another day is chosen. */
export function DateField({
  label,
  description,
  value,
  onChange,
  error,
}: {
  readonly label: string;
  readonly description?: string;
  readonly value: string | undefined;
  readonly onChange: (day: string | undefined) => void;
  readonly error?: string | undefined;
}) {
  return (
    <TextInput
      type="date"
      label={label}
      description={description}
      value={value?.slice(0, 10) ?? ''}
      onChange={(event) => onChange(event.currentTarget.value || undefined)}
      error={error}
    />
  );
}
