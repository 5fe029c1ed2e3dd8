import { Box, Text, UnstyledButton } from '@mantine/core';
import { useMediaQuery } from '@mantine/hooks';
import { useMemo, useState } from 'react';
import { diffCounts, diffRows, foldSame, unifiedRows, type DiffBlock, type DiffRow, type Line } from './diff-rows.ts';
import classes from './diff-view.module.css';

/** Two texts side by side above 1100 px, below it in one column. Unchanged lines are folded. */
export function DiffView({
  before,
  after,
  labels,
}: {
  readonly before: string;
  readonly after: string;
  /** Names of both texts, such as `v2` and `v3`. */
  readonly labels: readonly [before: string, after: string];
}) {
  const isWide = useMediaQuery('(min-width: 1100px)') ?? true;
  const rows = useMemo(() => diffRows(before, after), [before, after]);
  const blocks = useMemo(() => foldSame(rows), [rows]);
  const { added, removed } = diffCounts(rows);
  const [open, setOpen] = useState<ReadonlySet<number>>(new Set());
  if (added + removed === 0) return <Text c="dimmed">Both are the same.</Text>;
  return (
    <Box>
      <Text size="sm" mb={4} role="status">
        {count(added, 'line')} added, {count(removed, 'line')} removed
      </Text>
      <Box className={classes['diff']} tabIndex={0} role="region" aria-label={`Differences of ${labels.join(' and ')}`}>
        <table className={classes['table']} data-split={isWide || undefined}>
          <colgroup>
            <col className={classes['numbers']} />
            <col {...(!isWide && { className: classes['numbers'] })} />
            <col {...(isWide && { className: classes['numbers'] })} />
            {isWide && <col />}
          </colgroup>
          <thead>
            <tr>
              <th scope="col" colSpan={isWide ? 2 : 3}>
                {isWide ? labels[0] : labels.join(' → ')}
              </th>
              {isWide && (
                <th scope="col" colSpan={2}>
                  {labels[1]}
                </th>
              )}
            </tr>
          </thead>
          <tbody>
            {blocks.map((block, index) => (
              <Block
                key={`${index}`}
                block={block}
                isSplit={isWide}
                isOpen={open.has(index)}
                onOpen={() => setOpen(new Set([...open, index]))}
              />
            ))}
          </tbody>
        </table>
      </Box>
    </Box>
  );
}

function Block({
  block: { rows, isFolded },
  isSplit,
  isOpen,
  onOpen,
}: {
  readonly block: DiffBlock;
  readonly isSplit: boolean;
  readonly isOpen: boolean;
  readonly onOpen: () => void;
}) {
  if (isFolded && !isOpen)
    return (
      <tr>
        <td colSpan={4} className={classes['fold']}>
          <UnstyledButton onClick={onOpen} fz="xs" c="dimmed">
            Show {count(rows.length, 'unchanged line')}
          </UnstyledButton>
        </td>
      </tr>
    );
  return isSplit
    ? rows.map((row) => <SplitRow key={keyOf(row)} {...row} />)
    : unifiedRows(rows).map((row) => <UnifiedRow key={keyOf(row)} {...row} />);
}

const keyOf = ({ before, after }: DiffRow): string => `${before?.number ?? ''}:${after?.number ?? ''}`;
const count = (number: number, what: string): string => `${number} ${what}${number === 1 ? '' : 's'}`;

function SplitRow({ change, before, after }: DiffRow) {
  return (
    <tr>
      <Side line={before} change={change === 'same' ? 'same' : before ? 'removed' : 'none'} />
      <Side line={after} change={change === 'same' ? 'same' : after ? 'added' : 'none'} />
    </tr>
  );
}

function Side({ line, change }: { readonly line: Line | undefined; readonly change: string }) {
  return (
    <>
      <td className={classes['number']}>{line?.number}</td>
      <td className={classes['text']} data-change={change}>
        {line && <Marked change={change} text={line.text} />}
      </td>
    </>
  );
}

function UnifiedRow({ change, before, after }: DiffRow) {
  return (
    <tr>
      <td className={classes['number']}>{before?.number}</td>
      <td className={classes['number']}>{after?.number}</td>
      <td className={classes['text']} data-change={change}>
        <Marked change={change} text={(after ?? before)?.text ?? ''} />
      </td>
    </tr>
  );
}

/** A line with `+` or `-`, so that nothing depends on the colour. */
function Marked({ change, text }: { readonly change: string; readonly text: string }) {
  return (
    <>
      <span className={classes['mark']}>{change === 'added' ? '+' : change === 'removed' ? '-' : ' '}</span>
      {text}
    </>
  );
}
