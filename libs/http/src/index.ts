export { edgeAdapter, HEADER_BYTES, URL_BYTES, type AdapterOptions } from './adapter.ts';
export {
  accessKeyDigest,
  Authenticator,
  LOGINS,
  type AuthenticatorOptions,
  type LoginClaims,
  type UserResolver,
} from './authentication.ts';
export { BODY_BYTES } from './body.ts';
export { commandIdOf, readIdOf } from './command-id.ts';
export { openCursor, signCursor } from './cursor.ts';
export { mountEdge } from './edge.ts';
export type { EdgeOptions, Readiness } from './edge-options.ts';
export { IssuerKeys, type Fetch, type IssuerOptions } from './jwks.ts';
export { AccessTokens, type AccessTokenClaims, type TokenOptions } from './jwt.ts';
export { EdgeMetrics } from './metrics.ts';
export { openApiOf, type ApiDescription } from './openapi.ts';
export { EdgeError, edgeError, problemOf, statusOf, type EdgeStatus, type Problem } from './problem.ts';
export { routesOf, type ContractRoute } from './routes.ts';
