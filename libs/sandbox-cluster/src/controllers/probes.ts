import type { Json } from '#kernel';
import { isObject } from '../store.ts';
import { numberAt } from './fields.ts';

/** When a container becomes ready, and when a failing probe kills it, in milliseconds after its start. */
export interface ProbeTimes {
  readonly startedMs: number;
  readonly readyMs: number | undefined;
  readonly killedMs: number | undefined;
  /** Probe that kills it. */
  readonly killer?: 'Startup' | 'Liveness';
}

interface Probe {
  readonly delayMs: number;
  readonly periodMs: number;
  readonly failures: number;
}

function probeOf(value: Json | undefined): Probe | undefined {
  if (!isObject(value)) return undefined;
  return {
    delayMs: (numberAt(value, 'initialDelaySeconds') ?? 0) * 1000,
    periodMs: Math.max(1, numberAt(value, 'periodSeconds') ?? 10) * 1000,
    failures: Math.max(1, numberAt(value, 'failureThreshold') ?? 3),
  };
}

/** Returns the time of the first probe at or after `answersMs`, for a probe that starts at `fromMs`. */
function firstSuccess(probe: Probe, fromMs: number, answersMs: number): number {
  const first = Math.max(fromMs, probe.delayMs);
  return answersMs <= first ? first : first + Math.ceil((answersMs - first) / probe.periodMs) * probe.periodMs;
}

/**
 * Computes the probe results of a program that responds from `answersMs` on. Without a readiness probe, a real cluster
 * considers it ready immediately; the sandbox waits until it responds, so that image rules also work without probes.
 */
export function probeTimes(
  container: { readonly [key: string]: Json | undefined },
  answersMs: number | 'never',
): ProbeTimes {
  const [startup, readiness, liveness] = [
    probeOf(container['startupProbe']),
    probeOf(container['readinessProbe']),
    probeOf(container['livenessProbe']),
  ];
  if (answersMs === 'never') return { startedMs: 0, readyMs: undefined, killedMs: undefined };
  const startedMs = startup ? firstSuccess(startup, 0, answersMs) : 0;
  if (startup && startedMs > startup.delayMs + (startup.failures - 1) * startup.periodMs) {
    return {
      startedMs,
      readyMs: undefined,
      killedMs: startup.delayMs + startup.failures * startup.periodMs,
      killer: 'Startup',
    };
  }
  const dies = liveness && Math.max(startedMs, liveness.delayMs) + liveness.failures * liveness.periodMs;
  const readyMs = readiness ? firstSuccess(readiness, startedMs, answersMs) : Math.max(startedMs, answersMs);
  return dies !== undefined && dies < answersMs
    ? { startedMs, readyMs: undefined, killedMs: dies, killer: 'Liveness' }
    : { startedMs, readyMs, killedMs: undefined };
}
