import type { ObservedApplication } from '#kubernetes';
import { FAILURE_CODES } from '../cluster/failure.ts';
import { replicasWords } from '../rollout/steps.ts';
import type { Observation } from './transitions.ts';

const WORDS_LENGTH = 300;

/** Returns the reported state of an application on its cluster. */
export const observationOf = ({ health, sync, drift, attempt }: ObservedApplication): Observation => ({
  health: health.state,
  message: health.message,
  code: health.code === undefined ? null : FAILURE_CODES[health.code],
  replicas: replicasWords(health.replicas),
  attemptNumber: attempt ?? null,
  sync,
  drift: drift.map(({ what, fields }) => ({
    what: what.slice(0, WORDS_LENGTH),
    fields: fields.map((field) => field.slice(0, WORDS_LENGTH)),
  })),
});
