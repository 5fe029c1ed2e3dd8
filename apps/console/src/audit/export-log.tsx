import { Button, Group, Text } from '@mantine/core';
import { EXPORT_LINES, exportAuditLogRequest } from '#audit/contract';
import { useEffect, useRef, useState } from 'react';
import { commandFor } from '../shared/command-line.ts';
import { CopyCommand } from '../shared/copy-command.tsx';
import { ProblemError, receive } from '../shared/platform.ts';
import { Problem } from '../shared/problem.tsx';
import { toast } from '../shared/toast.ts';
import type { LogQuery } from './log-filters.ts';

type Format = keyof typeof EXPORT_LINES;

/** Saves all entries that match as a file. The platform decides by role and plan, and names whom to ask. */
export function ExportLog({ org, query }: { readonly org: string; readonly query: LogQuery }) {
  const [count, setCount] = useState<number>();
  const [error, setError] = useState<ProblemError>();
  const running = useRef<AbortController>(undefined);
  useEffect(() => () => running.current?.abort(), []);
  const save = async (format: Format) => {
    const left = new AbortController();
    running.current = left;
    setError(undefined);
    setCount(0);
    try {
      const { head, line, mediaType } = EXPORT_LINES[format];
      const lines: string[] = [head];
      for await (const entry of receive(exportAuditLogRequest, { org, ...query, format }, left.signal)) {
        lines.push(line(entry));
        if (lines.length % 100 === 0) setCount(lines.length - 1);
      }
      if (left.signal.aborted) return;
      saveFile(new Blob(lines, { type: mediaType }), `audit-${org}.${format}`);
      toast(`${lines.length - 1} entries exported.`);
    } catch (thrown) {
      if (!(thrown instanceof ProblemError)) throw thrown;
      setError(thrown);
    } finally {
      setCount(undefined);
    }
  };
  return (
    <>
      <Group gap="xs">
        <Button size="xs" variant="default" disabled={count !== undefined} onClick={() => void save('jsonl')}>
          Export JSON lines
        </Button>
        <Button size="xs" variant="default" disabled={count !== undefined} onClick={() => void save('csv')}>
          Export CSV
        </Button>
        {count !== undefined && (
          <>
            <Text size="xs" c="dimmed" role="status">
              {count} entries read
            </Text>
            <Button size="xs" variant="subtle" onClick={() => running.current?.abort()}>
              Cancel export
            </Button>
          </>
        )}
        <CopyCommand command={commandFor({ org }, 'audit', 'export', '--format', 'csv')} />
      </Group>
      {error && <Problem error={error} title="The audit log was not exported" />}
    </>
  );
}

function saveFile(content: Blob, name: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(content);
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}
