import { domainError } from '#kernel';

/** Errors that fetching and rendering of every type of source share. */
export const sourceErrors = {
  programMissing: (program: string) =>
    domainError('sources/program-missing', 'unavailable', `${program} is not installed where the deploy worker runs.`, {
      fix: `ask the operator of the platform to install ${program}`,
    }),
  unreachable: (host: string, detail = `${host} does not respond.`) =>
    domainError('sources/unreachable', 'unavailable', detail, {
      fix: 'try again later, or check the host and the port in the URL',
      extra: { host },
    }),
  timeout: (what: string, seconds: number) =>
    domainError('sources/timeout', 'unavailable', `${what} took longer than ${seconds} s.`, { fix: 'try again later' }),
  /** @param addAuthority command that adds the certificate authority of the host */
  certificateRefused: (host: string, reason: string, addAuthority: string) =>
    domainError('sources/certificate-refused', 'invalid', `The certificate of ${host} is not trusted: ${reason}.`, {
      fix: `if it is of a private certificate authority: ${addAuthority}`,
      extra: { host },
    }),
  /** The connection failed before, or independently of, the check of a certificate. */
  tlsFailed: (host: string) =>
    domainError('sources/tls-failed', 'invalid', `The TLS handshake with ${host} failed.`, {
      fix: 'check the port in the URL, and that the server supports TLS 1.2 or newer',
      extra: { host },
    }),
  redirectRefused: (host: string, why: string, what = host) =>
    domainError('sources/redirect-refused', 'invalid', `${what} redirects ${why}.`, {
      fix: 'write the final address in the manifest',
      extra: { host },
    }),
  canceled: () => domainError('sources/canceled', 'unavailable', 'The work on the source was canceled.'),
  tooLarge: (detail: string, fix: string) => domainError('sources/source-too-large', 'invalid', detail, { fix }),
  /** The source asks for something that is never done, such as reading outside of it. */
  renderRefused: (detail: string, fix?: string) =>
    domainError('sources/render-refused', 'invalid', detail, fix === undefined ? {} : { fix }),
  /** Rendering exceeded its limit of time, memory, or output. */
  renderLimit: (detail: string, fix?: string) =>
    domainError('sources/render-limit', 'invalid', detail, fix === undefined ? {} : { fix }),
} as const;
