import type { Json } from '#kernel';
import { isObject } from '../store.ts';
import { numberAt } from './fields.ts';

/** When a container becomes ready, and when a failing probe ends it; milliseconds after its start. */
export interface ProbeTimes {
  readonly startedMs: number;
  readonly readyMs: number | undefined;
  readonly killedMs: number | undefined;
  /** The probe that ends it. */
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

/** The first look at or after `answersMs` of a probe that begins at `fromMs`. */
function firstSuccess(probe: Probe, fromMs: number, answersMs: number): number {
  const first = Math.max(fromMs, probe.delayMs);
  return answersMs <= first ? first : first + Math.ceil((answersMs - first) / probe.periodMs) * probe.periodMs;
}

/**
 * What probes see of a program that answers from `answersMs` on. Without a readiness probe a real cluster calls it ready
 * at once; here it is ready when it answers, so that a rule shows without probes too.
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
