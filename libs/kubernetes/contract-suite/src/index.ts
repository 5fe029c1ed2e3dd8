import {
  applyCases,
  codeCases,
  defaultCases,
  listCases,
  patchCases,
  tableCases,
  validationCases,
  watchCases,
  type Case,
} from '#sandbox-cluster/cases';
import { clientCases } from './clients.cases.ts';
import { collectionCases } from './collection.cases.ts';
import { customCases } from './custom.cases.ts';
import { deliberateCases } from './deliberate.cases.ts';
import { platformCases } from './platform.cases.ts';
import { rolloutCases } from './rollout.cases.ts';
import { eventCases, logCases, surroundingCases } from './events.cases.ts';

/** All cases, by area. */
export const contractCases: readonly Case[] = [
  ...codeCases,
  ...validationCases,
  ...defaultCases,
  ...applyCases,
  ...patchCases,
  ...watchCases,
  ...listCases,
  ...tableCases,
  ...rolloutCases,
  ...collectionCases,
  ...eventCases,
  ...logCases,
  ...surroundingCases,
  ...platformCases,
  ...clientCases,
  ...customCases,
  ...deliberateCases,
];
