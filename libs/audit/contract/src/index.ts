export { createRefusalRecorder } from './refusal-recorder.ts';
export { recordRefusalsRequest, REFUSALS_A_MINUTE, type RefusalRecord } from './refusals.contract.ts';
