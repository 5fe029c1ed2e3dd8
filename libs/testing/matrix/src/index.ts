export {
  answerOf,
  answerToAny,
  CALLERS,
  callerNamed,
  credentialsOf,
  MATRIX,
  type MatrixAnswer,
  type MatrixCaller,
  type MatrixCredential,
} from './matrix.ts';
