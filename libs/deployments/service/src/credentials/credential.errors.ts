import { domainError } from '#kernel';

export const credentialErrors = {
  credentialNotFound: (host: string) =>
    domainError('deployments/credential-not-found', 'not-found', `No credential is stored for host ${host}.`, {
      fix: 'list the stored ones: astroctl credentials list',
    }),
  credentialInvalid: (pointer: string, message: string) =>
    domainError('deployments/credential-invalid', 'invalid', `The credential is invalid: ${message}.`, {
      errors: [{ pointer, message }],
      fix: 'correct it: astroctl credentials set HOST --kind git|registry',
    }),
  credentialLimit: (limit: number) =>
    domainError('deployments/credential-limit', 'limit', `The organization already has ${limit} credentials.`, {
      fix: 'delete one: astroctl credentials delete HOST',
      extra: { limit },
    }),
};
