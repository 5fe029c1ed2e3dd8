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
  canceled: () => domainError('sources/canceled', 'unavailable', 'The work on the source was canceled.'),
  tooLarge: (detail: string, fix: string) => domainError('sources/source-too-large', 'invalid', detail, { fix }),
  /** The source asks for something that is never done, such as reading outside of it. */
  renderRefused: (detail: string, fix?: string) =>
    domainError('sources/render-refused', 'invalid', detail, fix === undefined ? {} : { fix }),
  /** Rendering exceeded its limit of time, memory, or output. */
  renderLimit: (detail: string, fix?: string) =>
    domainError('sources/render-limit', 'invalid', detail, fix === undefined ? {} : { fix }),
} as const;
