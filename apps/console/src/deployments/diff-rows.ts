import { diffArrays } from 'diff';

/** A line of a text: its number, counted from 1, and its text. */
export interface Line {
  readonly number: number;
  readonly text: string;
}

/** A row of two texts side by side. Changed lines have both sides. */
export interface DiffRow {
  readonly change: 'same' | 'changed' | 'added' | 'removed';
  readonly before?: Line;
  readonly after?: Line;
}

/** Rows that belong together: all folded, or all shown. */
export interface DiffBlock {
  readonly rows: readonly DiffRow[];
  readonly isFolded: boolean;
}

/** Number of equal lines that are shown around each change. */
const CONTEXT = 3;
/** Fewest equal lines that are folded. */
const FEWEST = 4;
/** Milliseconds after which two texts are shown as different in all lines. */
const TIMEOUT_MS = 2_000;

const linesOf = (text: string): string[] => (text === '' ? [] : text.replace(/\n$/, '').split('\n'));

/** Returns the rows of two texts, line by line. Removed lines are paired with the added lines that replace them. */
export function diffRows(before: string, after: string): readonly DiffRow[] {
  const [old, now] = [linesOf(before), linesOf(after)];
  const parts = diffArrays(old, now, { timeout: TIMEOUT_MS }) ?? [
    { removed: true, added: false, value: old },
    { removed: false, added: true, value: now },
  ];
  const rows: DiffRow[] = [];
  let [left, right] = [0, 0];
  for (let index = 0; index < parts.length; index += 1) {
    const part = parts[index];
    if (!part) continue;
    if (!part.added && !part.removed) {
      for (const text of part.value)
        rows.push({ change: 'same', before: { number: ++left, text }, after: { number: ++right, text } });
      continue;
    }
    const next = parts[index + 1];
    const isPair = part.removed && next?.added === true;
    const removed = part.removed ? part.value : [];
    const added = part.added ? part.value : isPair ? next.value : [];
    if (isPair) index += 1;
    for (let at = 0; at < Math.max(removed.length, added.length); at += 1) {
      const [gone, come] = [removed[at], added[at]];
      rows.push({
        change: gone === undefined ? 'added' : come === undefined ? 'removed' : 'changed',
        ...(gone !== undefined && { before: { number: ++left, text: gone } }),
        ...(come !== undefined && { after: { number: ++right, text: come } }),
      });
    }
  }
  return rows;
}

/** Folds equal rows that are more than three lines away from a change. */
export function foldSame(rows: readonly DiffRow[]): readonly DiffBlock[] {
  const isNear = rows.map(() => false);
  rows.forEach(({ change }, index) => {
    if (change !== 'same') isNear.fill(true, Math.max(0, index - CONTEXT), index + CONTEXT + 1);
  });
  const blocks: { rows: DiffRow[]; isFolded: boolean }[] = [];
  rows.forEach((row, index) => {
    const isFolded = !isNear[index];
    const last = blocks.at(-1);
    if (last && last.isFolded === isFolded) last.rows.push(row);
    else blocks.push({ rows: [row], isFolded });
  });
  return blocks.map((block) => ({ ...block, isFolded: block.isFolded && block.rows.length >= FEWEST }));
}

/** Returns the rows for one column: removed lines before the added ones of each change. */
export function unifiedRows(rows: readonly DiffRow[]): readonly DiffRow[] {
  const result: DiffRow[] = [];
  let waiting: DiffRow[] = [];
  for (const { change, before, after } of rows) {
    if (change === 'same') {
      result.push(...waiting);
      waiting = [];
      result.push({ change, ...(before && { before }), ...(after && { after }) });
      continue;
    }
    if (before) result.push({ change: 'removed', before });
    if (after) waiting.push({ change: 'added', after });
  }
  return [...result, ...waiting];
}

/** Returns how many lines were added and removed. */
export const diffCounts = (rows: readonly DiffRow[]): { readonly added: number; readonly removed: number } => ({
  added: rows.filter(({ change }) => change === 'added' || change === 'changed').length,
  removed: rows.filter(({ change }) => change === 'removed' || change === 'changed').length,
});
