import {
  doctorRequest,
  getProjectionRequest,
  listProjectionsRequest,
  rebuildProjectionRequest,
  retryProjectionRequest,
} from '#operations/contract';

/** Requests that the gateway serves over HTTP, and answers itself. */
export const operationsRest = [
  listProjectionsRequest,
  getProjectionRequest,
  rebuildProjectionRequest,
  retryProjectionRequest,
  doctorRequest,
] as const;
