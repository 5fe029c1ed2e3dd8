import { Box, Button, Group, Stack, Table, Text, TextInput, UnstyledButton } from '@mantine/core';
import { SearchIcon } from '@primer/octicons-react';
import { useVirtualizer } from '@tanstack/react-virtual';
import { memo, useDeferredValue, useMemo, useRef, type KeyboardEvent, type ReactNode } from 'react';
import type { PagedResult } from './queries.ts';
import { Loading } from './page.tsx';
import { Problem } from './problem.tsx';
import classes from './resource-table.module.css';
import { found, sorted, type Column } from './table-rows.ts';

export type { Column } from './table-rows.ts';

/** Number of rows above which only those in view are in the document. */
const VIRTUAL_ABOVE = 200;
const ROW_PX = 41;

/** Search text and order of a table, which are kept in the address. */
export interface TableState {
  readonly q?: string | undefined;
  /** Column, with `-` before it for descending. */
  readonly sort?: string | undefined;
}

interface Props<Row> {
  /** Name of the table for screen readers, and in sentences: `applications`. */
  readonly label: string;
  readonly list: Pick<PagedResult<Row>, 'items' | 'isPending' | 'error'> & Partial<PagedResult<Row>>;
  /** If these and `onOpen` stay the same objects, only rows that change are drawn again. */
  readonly columns: readonly Column<Row>[];
  readonly keyOf: (row: Row) => string;
  /** Shown instead of the table if there are no items. */
  readonly empty: ReactNode;
  /** Absent: the table has no search and keeps the order of the server. */
  readonly state?: TableState;
  readonly onState?: (state: TableState) => void;
  /** Filters beside the search. */
  readonly filters?: ReactNode;
  /** Opens a row by Enter or a click beside its links. */
  readonly onOpen?: (row: Row) => void;
}

/** A list of resources: search, order, and keyboard. Long lists stay smooth. */
export function ResourceTable<Row>(props: Props<Row>) {
  const { label, list, columns, empty, state, onState, filters } = props;
  const text = useDeferredValue(state?.q ?? '');
  const rows = useMemo(
    () => sorted(found(list.items, columns, text), columns, state?.sort),
    [list.items, columns, text, state?.sort],
  );
  if (list.error && list.items.length === 0)
    return (
      <Problem error={list.error} title={`The ${label} cannot be shown`} {...(list.retry && { onRetry: list.retry })} />
    );
  if (list.isPending) return <Loading />;
  if (list.items.length === 0) return <>{empty}</>;
  return (
    <Stack gap="sm">
      {(onState || filters) && (
        <Group gap="sm">
          {onState && (
            <TextInput
              aria-label={`Search ${label}`}
              placeholder="Search"
              leftSection={<SearchIcon />}
              value={state?.q ?? ''}
              onChange={(event) => onState({ ...state, q: event.currentTarget.value || undefined })}
              data-search
              w={240}
            />
          )}
          {filters}
        </Group>
      )}
      {rows.length === 0 ? (
        <Text c="dimmed" role="status">
          No {label} match.
        </Text>
      ) : (
        <Rows {...props} rows={rows} />
      )}
      {list.loadMore && (
        <Button
          variant="default"
          onClick={list.loadMore}
          loading={list.isLoadingMore ?? false}
          style={{ alignSelf: 'start' }}
        >
          Load more
        </Button>
      )}
    </Stack>
  );
}

function Rows<Row>({
  rows,
  columns,
  keyOf,
  label,
  state,
  onState,
  onOpen,
}: Props<Row> & { readonly rows: readonly Row[] }) {
  const scroller = useRef<HTMLDivElement>(null);
  const isVirtual = rows.length > VIRTUAL_ABOVE;
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_PX,
    overscan: 12,
    enabled: isVirtual,
  });
  const shown = isVirtual ? virtual.getVirtualItems() : rows.map((_, index) => ({ index, start: 0, end: 0 }));
  const before = isVirtual ? (shown[0]?.start ?? 0) : 0;
  const after = isVirtual ? virtual.getTotalSize() - (shown.at(-1)?.end ?? 0) : 0;
  return (
    <Box
      ref={scroller}
      className={classes['scroller']}
      data-virtual={isVirtual || undefined}
      tabIndex={0}
      role="region"
      aria-label={label}
    >
      <Table stickyHeader={isVirtual} highlightOnHover aria-rowcount={rows.length + 1} horizontalSpacing="sm">
        <Table.Thead>
          <Table.Tr aria-rowindex={1}>
            {columns.map((column) => (
              <Heading key={column.id} column={column} state={state} onState={onState} />
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody onKeyDown={moveFocus}>
          {before > 0 && <tr aria-hidden="true" style={{ height: before }} />}
          {shown.map(({ index }) => {
            const row = rows[index] as Row;
            return <TableRow key={keyOf(row)} row={row} index={index} columns={columns} onOpen={onOpen} />;
          })}
          {after > 0 && <tr aria-hidden="true" style={{ height: after }} />}
        </Table.Tbody>
      </Table>
    </Box>
  );
}

interface RowProps<Row> extends Pick<Props<Row>, 'columns'> {
  readonly row: Row;
  readonly index: number;
  readonly onOpen: Props<Row>['onOpen'] | undefined;
}

/** Is drawn again only if its row changes, so that tables of which little changes stay smooth. */
const TableRow = memo(function TableRow<Row>({ row, index, columns, onOpen }: RowProps<Row>) {
  return (
    <Table.Tr
      aria-rowindex={index + 2}
      data-row
      {...(onOpen && {
        tabIndex: 0,
        className: classes['open'],
        onClick: (event) => isOwn(event.target) || onOpen(row),
        onKeyDown: (event) => event.key === 'Enter' && event.target === event.currentTarget && onOpen(row),
      })}
    >
      {columns.map((column) => (
        <Table.Td key={column.id} className={column.isWide ? classes['wide'] : undefined}>
          {column.cell(row)}
        </Table.Td>
      ))}
    </Table.Tr>
  );
}) as <Row>(props: RowProps<Row> & { readonly key?: string }) => ReactNode;

function Heading<Row>({
  column,
  state,
  onState,
}: {
  readonly column: Column<Row>;
  readonly state: TableState | undefined;
  readonly onState: ((state: TableState) => void) | undefined;
}) {
  const isSorted = state?.sort === column.id || state?.sort === `-${column.id}`;
  const isDescending = state?.sort === `-${column.id}`;
  const className = column.isWide ? classes['wide'] : undefined;
  if (!column.value || !onState)
    return (
      <Table.Th className={className} scope="col">
        {column.title}
      </Table.Th>
    );
  const next = isSorted && !isDescending ? `-${column.id}` : column.id;
  return (
    <Table.Th
      className={className}
      scope="col"
      aria-sort={isSorted ? (isDescending ? 'descending' : 'ascending') : 'none'}
    >
      <UnstyledButton className={classes['sort']} onClick={() => onState({ ...state, sort: next })}>
        {column.title}
        <span aria-hidden="true">{isSorted ? (isDescending ? ' ↓' : ' ↑') : ''}</span>
      </UnstyledButton>
    </Table.Th>
  );
}

/** Whether a click belongs to a link, button, or field in the row. */
const isOwn = (target: EventTarget): boolean =>
  target instanceof Element && target.closest('a, button, input, label, [role=menu]') !== null;

/** Moves between rows with the arrow keys. */
function moveFocus(event: KeyboardEvent): void {
  if (event.key !== 'ArrowDown' && event.key !== 'ArrowUp') return;
  const row = event.target instanceof Element ? event.target.closest('[data-row]') : null;
  const next = event.key === 'ArrowDown' ? row?.nextElementSibling : row?.previousElementSibling;
  if (!(next instanceof HTMLElement) || !next.matches('[data-row]')) return;
  event.preventDefault();
  next.focus();
}
