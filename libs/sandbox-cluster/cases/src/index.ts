export {
  apply,
  at,
  configMap,
  container,
  deployment,
  dry,
  get,
  jsonPatch,
  merge,
  of,
  pod,
  post,
  put,
  remove,
  service,
  silent,
  strategic,
  workload,
  type Case,
  type Step,
} from './case.ts';
export { runCase, type ApiTarget, type Seen } from './run-case.ts';
export { listCases, tableCases, watchCases } from './reading.cases.ts';
export { sandboxTarget, serverTarget, type SandboxTarget } from './targets.ts';
export { applyCases, codeCases, defaultCases, patchCases, validationCases } from './writing.cases.ts';
