import { useEffect } from 'react';

/** Milliseconds after `g` in which the second key counts. */
const SEQUENCE_MS = 1_500;

/** Calls `go` with the key that follows `g`, outside of fields. */
export function useGoKeys(go: (key: string) => void): void {
  useEffect(() => {
    let startedMs = -Infinity;
    const pressed = (event: KeyboardEvent) => {
      const isField =
        event.target instanceof Element && event.target.closest('input, textarea, select, [contenteditable]');
      if (isField || event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.timeStamp - startedMs < SEQUENCE_MS) {
        startedMs = -Infinity;
        go(event.key);
      } else if (event.key === 'g') startedMs = event.timeStamp;
    };
    document.addEventListener('keydown', pressed);
    return () => document.removeEventListener('keydown', pressed);
  });
}
