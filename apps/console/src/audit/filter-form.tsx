import { Autocomplete, Button, Group, NativeSelect, Paper, TextInput } from '@mantine/core';
import { parseLogTime, type AuditEntry } from '#audit/contract';
import { useState, type FormEvent } from 'react';
import { useAddress } from '../shared/address.ts';
import { browserClock } from '../shared/browser.ts';
import { localFieldValue, timeOfLocalField } from '../shared/local-time.ts';
import { FILTER_NAMES, type LogFilters } from './log-filters.ts';

/** The filters of the log. They take effect by `Apply filters` or Enter, and are in the address. */
export function FilterForm({ entries }: { readonly entries: readonly AuditEntry[] }) {
  const [address, setAddress] = useAddress();
  const [draft, setDraft] = useState<LogFilters>(() =>
    Object.fromEntries(FILTER_NAMES.map((name) => [name, address[name]])),
  );
  const set = (change: LogFilters) => setDraft((before) => ({ ...before, ...change }));
  const isFiltered = FILTER_NAMES.some((name) => address[name] !== undefined);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setAddress(Object.fromEntries(FILTER_NAMES.map((name) => [name, draft[name]?.trim() || undefined])));
  };
  const clear = () => setAddress(Object.fromEntries(FILTER_NAMES.map((name) => [name, undefined])));
  const text = (name: 'who' | 'object' | 'right' | 'request', label: string, placeholder: string) => (
    <TextInput
      label={label}
      placeholder={placeholder}
      value={draft[name] ?? ''}
      onChange={(event) => set({ [name]: event.currentTarget.value })}
      style={FIELD}
      {...(name === 'who' && { 'data-search': true })}
    />
  );
  return (
    <Paper withBorder p="md">
      <form onSubmit={submit} aria-label="Filters of the audit log">
        <Group gap="sm" align="flex-end">
          {text('who', 'Who', 'ada@acme.dev, platform')}
          <Autocomplete
            label="Action"
            placeholder="organization.member-added"
            data={[...new Set(entries.map(({ action }) => action))].sort()}
            value={draft.action ?? ''}
            onChange={(action) => set({ action })}
            style={FIELD}
          />
          {text('object', 'Object', 'application/web')}
          <NativeSelect
            label="Result"
            data={[
              { value: '', label: 'Any' },
              { value: 'done', label: 'Done' },
              { value: 'refused', label: 'Refused' },
            ]}
            value={draft.result ?? ''}
            onChange={(event) => set({ result: event.currentTarget.value })}
            style={FIELD}
          />
          {text('right', 'Right', 'owner, audit, members.manage')}
          <TimeField label="From" value={draft.since} onValue={(since) => set({ since })} />
          <TimeField label="Until" value={draft.until} onValue={(until) => set({ until })} />
          {text('request', 'Request ID', 'Ref of an error')}
          <Button type="submit" variant="default">
            Apply filters
          </Button>
          {isFiltered && (
            <Button variant="subtle" onClick={clear}>
              Clear filters
            </Button>
          )}
        </Group>
      </form>
    </Paper>
  );
}

const FIELD = { flex: '1 1 12rem', minWidth: 0 } as const;

function TimeField({
  label,
  value,
  onValue,
}: {
  readonly label: string;
  readonly value: string | undefined;
  readonly onValue: (value: string | undefined) => void;
}) {
  const time = value === undefined ? undefined : parseLogTime(value, browserClock.now());
  return (
    <TextInput
      type="datetime-local"
      step={1}
      label={label}
      value={time && 'timeMs' in time ? localFieldValue(time.timeMs) : ''}
      onChange={(event) => {
        const timeMs = timeOfLocalField(event.currentTarget.value);
        onValue(timeMs === undefined ? undefined : new Date(timeMs).toISOString());
      }}
      style={FIELD}
    />
  );
}
