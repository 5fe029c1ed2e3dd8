import type { CallerInputOf, OutputOf, StreamContract } from '#bus/contract';
import { useCallback, useEffect, useRef, useState } from 'react';
import { ProblemError, receive } from '../shared/platform.ts';

/** Milliseconds in which items are collected before they are shown, so that fast streams stay smooth. */
const COLLECT_MS = 100;

/** Milliseconds after which a stream without items counts as open, which nothing else shows. */
const OPEN_MS = 2_500;

/** What a stream has sent. */
export interface Streamed<Shown> {
  readonly shown: Shown;
  /** `open`: more may come. `ended`: the platform has sent everything. */
  readonly state: 'connecting' | 'open' | 'ended';
  readonly error: ProblemError | null;
  /** Connects again, and shows only what then comes. */
  readonly restart: () => void;
}

/**
 * Reads a stream while the component is shown, from its start whenever the input changes.
 *
 * @param empty what is shown at first; it must stay the same value
 * @param add returns what is shown with more items
 */
export function useStream<C extends StreamContract, Shown>(
  contract: C,
  input: CallerInputOf<C>,
  empty: Shown,
  add: (before: Shown, items: readonly OutputOf<C>[]) => Shown,
): Streamed<Shown> {
  const [shown, setShown] = useState(empty);
  const [state, setState] = useState<Streamed<Shown>['state']>('connecting');
  const [error, setError] = useState<ProblemError | null>(null);
  const [attempt, setAttempt] = useState(0);
  const key = JSON.stringify(input);
  const latest = useRef({ input, add });
  useEffect(() => {
    latest.current = { input, add };
  });
  useEffect(() => {
    const abort = new AbortController();
    let waiting: OutputOf<C>[] = [];
    const flush = () => {
      if (waiting.length === 0) return;
      const items = waiting;
      waiting = [];
      setShown((before) => latest.current.add(before, items));
    };
    const timer = setInterval(flush, COLLECT_MS);
    const opening = setTimeout(() => setState((before) => (before === 'connecting' ? 'open' : before)), OPEN_MS);
    const read = async () => {
      try {
        for await (const item of receive(contract, latest.current.input, abort.signal)) {
          waiting.push(item);
          setState('open');
        }
        setState('ended');
      } catch (reason) {
        if (abort.signal.aborted) return;
        setError(problemOf(reason));
        setState('ended');
      }
      if (!abort.signal.aborted) flush();
    };
    setShown(empty);
    setState('connecting');
    setError(null);
    void read();
    return () => {
      abort.abort();
      clearInterval(timer);
      clearTimeout(opening);
    };
  }, [contract, key, attempt, empty]);
  const restart = useCallback(() => setAttempt((before) => before + 1), []);
  return { shown, state, error, restart };
}

const problemOf = (reason: unknown): ProblemError =>
  reason instanceof ProblemError
    ? reason
    : new ProblemError({ code: 'client/failed', kind: 'unavailable', detail: String(reason) }, undefined, undefined);
