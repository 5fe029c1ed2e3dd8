import { Box, Button, Mark } from '@mantine/core';
import { useVirtualizer } from '@tanstack/react-virtual';
import { useEffect, useRef, useState } from 'react';
import { lineName, splitAt, type LogEntry } from './log-buffer.ts';
import classes from './log-view.module.css';

const ROW_PX = 19;
/** Pixels above the end at which the view still follows. */
const END_PX = 24;

/**
 * Lines of logs. It stays at the end as lines arrive; scrolling up stops that. Only the lines in view are in the
 * document.
 */
export function LogView({
  entries,
  search,
  found,
  linked,
  isWrapped,
  hasTimes,
  hasPods,
  isFollowing,
  onFollow,
  onLink,
}: {
  readonly entries: readonly LogEntry[];
  readonly search: string;
  /** Index of the line of the search that is shown; -1 if there is none. */
  readonly found: number;
  /** Index of the line of the address; -1 if there is none. */
  readonly linked: number;
  readonly isWrapped: boolean;
  readonly hasTimes: boolean;
  readonly hasPods: boolean;
  readonly isFollowing: boolean;
  readonly onFollow: (isFollowing: boolean) => void;
  readonly onLink: (name: string) => void;
}) {
  const scroller = useRef<HTMLDivElement>(null);
  const [hasJumped, setJumped] = useState(false);
  const virtual = useVirtualizer({
    count: entries.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_PX,
    getItemKey: (index) => entries[index]?.number ?? index,
    overscan: 20,
  });
  const last = entries.length - 1;
  useEffect(() => {
    if (isFollowing && last >= 0) virtual.scrollToIndex(last, { align: 'end' });
  }, [isFollowing, last, entries, isWrapped, virtual]);
  useEffect(() => {
    if (found >= 0) virtual.scrollToIndex(found, { align: 'center' });
  }, [found, virtual]);
  useEffect(() => {
    if (linked < 0 || hasJumped) return;
    virtual.scrollToIndex(linked, { align: 'center' });
    setJumped(true);
  }, [linked, hasJumped, virtual]);
  const scrolled = () => {
    const { scrollTop = 0, scrollHeight = 0, clientHeight = 0 } = scroller.current ?? {};
    const isAtEnd = scrollHeight - scrollTop - clientHeight <= END_PX;
    if (isAtEnd !== isFollowing && (isAtEnd || wasMoved.current)) onFollow(isAtEnd);
  };
  // A scroll counts as the person's own only after a wheel, a touch, a key, or the scroll bar was used.
  const wasMoved = useRef(false);
  const moved = () => {
    wasMoved.current = true;
    setTimeout(() => (wasMoved.current = false), 500);
  };
  return (
    <Box pos="relative">
      <Box
        ref={scroller}
        className={classes['view']}
        data-wrapped={isWrapped || undefined}
        tabIndex={0}
        role="log"
        aria-label="Log lines"
        aria-live="off"
        onScroll={scrolled}
        onWheel={moved}
        onTouchMove={moved}
        onKeyDown={moved}
        onPointerDown={moved}
      >
        <div style={{ height: virtual.getTotalSize(), position: 'relative' }}>
          {virtual.getVirtualItems().map(({ index, start, key }) => {
            const entry = entries[index];
            return (
              entry && (
                <div
                  key={key}
                  ref={virtual.measureElement}
                  data-index={index}
                  className={classes['line']}
                  data-marked={index === linked || index === found || undefined}
                  style={{ transform: `translateY(${start}px)` }}
                >
                  <Line entry={entry} search={search} hasTimes={hasTimes} hasPods={hasPods} onLink={onLink} />
                </div>
              )
            );
          })}
        </div>
      </Box>
      {!isFollowing && entries.length > 0 && (
        <Button size="xs" className={classes['end']} onClick={() => onFollow(true)}>
          Go to the end and follow
        </Button>
      )}
    </Box>
  );
}

function Line({
  entry,
  search,
  hasTimes,
  hasPods,
  onLink,
}: {
  readonly entry: LogEntry;
  readonly search: string;
  readonly hasTimes: boolean;
  readonly hasPods: boolean;
  readonly onLink: (name: string) => void;
}) {
  const { number, pod, container, time, text } = entry;
  const name = lineName(entry);
  return (
    <>
      {name === undefined ? (
        <span className={classes['number']}>{number}</span>
      ) : (
        <button
          type="button"
          tabIndex={-1}
          className={classes['number']}
          onClick={() => onLink(name)}
          title="Link to this line"
        >
          {number}
        </button>
      )}
      {hasTimes && <span className={classes['quiet']}>{time ?? '-'}</span>}
      {hasPods && (
        <span className={classes['quiet']}>
          {pod}/{container}
        </span>
      )}
      <span className={classes['text']}>
        {splitAt(text, search).map((part, index) => (index % 2 === 1 ? <Mark key={index}>{part}</Mark> : part))}
      </span>
    </>
  );
}
