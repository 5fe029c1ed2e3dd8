export { edgeAdapter } from './adapter.ts';
export { accessKeyDigest, Authenticator } from './authentication.ts';
export { mountEdge } from './edge.ts';
export type { EdgeOptions, Readiness } from './edge-options.ts';
export { IssuerKeys, type Fetch } from './jwks.ts';
export { AccessTokens } from './jwt.ts';
