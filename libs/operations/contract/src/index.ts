export { doctorRequest, type DoctorCheck, type DoctorReport } from './doctor.contract.ts';
export {
  getProjectionRequest,
  listProjectionsRequest,
  rebuildProjectionRequest,
  retryProjectionRequest,
  type ProjectionView,
} from './projections.contract.ts';
