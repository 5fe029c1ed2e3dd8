export { edgeAdapter } from './adapter.ts';
export { accessKeyDigest, Authenticator } from './authentication.ts';
export { mountEdge, mountHealth } from './edge.ts';
export {
  CURSOR_KEY,
  READINESS,
  type Dependency,
  type EdgeOptions,
  type PublicFile,
  type Readiness,
} from './edge-options.ts';
export { IssuerKeys, type Fetch } from './jwks.ts';
export { AccessTokens } from './jwt.ts';
export { PersonClaimsReader } from './person-claims.ts';
export { openApiOf } from './openapi.ts';
export { problemOf } from './problem.ts';
