import type { ApplicationHealth } from '#kubernetes';
import { FAILURE_CODES } from '../cluster/failure.ts';
import { replicasWords } from '../rollout/steps.ts';
import type { Observation } from './transitions.ts';

/** What is told of an application's health on its cluster. @param attempt that last wrote the inventory there */
export const observationOf = (
  { state, message, code, replicas }: Pick<ApplicationHealth, 'state' | 'message' | 'code' | 'replicas'>,
  attempt: number | undefined,
): Observation => ({
  health: state,
  message,
  code: code === undefined ? null : FAILURE_CODES[code],
  replicas: replicasWords(replicas),
  attemptNumber: attempt ?? null,
});
