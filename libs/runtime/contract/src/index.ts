export {
  checkResult,
  PARKED_LISTED,
  projectionView,
  PROJECTION_REQUESTS,
  STATE_REQUESTS,
  type CheckResult,
  type ProjectionView,
  type ServiceState,
} from './service-state.contract.ts';
