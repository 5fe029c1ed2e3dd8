export { edgeAdapter } from './adapter.ts';
export { accessKeyDigest, Authenticator, isSecureAt, sessionDigest } from './authentication.ts';
export { crossSite, isCrossSite } from './cross-site.ts';
export { mountEdge, mountHealth } from './edge.ts';
export {
  CURSOR_KEY,
  READINESS,
  type BrowserPages,
  type Dependency,
  type EdgeOptions,
  type PublicFile,
  type Readiness,
} from './edge-options.ts';
export { issuerUnreachable, IssuerKeys, type Fetch } from './jwks.ts';
export { AccessTokens } from './jwt.ts';
export { PersonClaimsReader } from './person-claims.ts';
export { preferredType } from './negotiation.ts';
export { count } from './request-authorization.ts';
export { RequestCounts } from './request-counts.ts';
export { cookieIn, loginCookiesIn, setCookie, type LoginCookie } from './session-cookies.ts';
export { openApiOf } from './openapi.ts';
export { problemOf } from './problem.ts';
