import { domainError } from '#kernel';

export const egressErrors = {
  egressInvalid: () =>
    domainError('egress/invalid-entry', 'invalid', 'The address is neither host:port nor a CIDR.', {
      errors: [{ pointer: '/entry', message: 'is neither host:port nor a CIDR' }],
      fix: 'write 127.0.0.1:6443, k8s.example.com:6443, or 10.4.0.0/16',
    }),
  egressEverything: (entry: string) =>
    domainError('egress/invalid-entry', 'invalid', `${entry} contains every address.`, {
      errors: [{ pointer: '/entry', message: 'contains every address' }],
      fix: 'allow only the networks of your clusters, such as 10.4.0.0/16',
    }),
  egressNotFound: (entry: string) =>
    domainError('egress/not-found', 'not-found', `No global admin allowed ${entry}.`, {
      fix: 'list what is allowed: astroctl admin egress list',
    }),
  egressLimit: (limit: number) =>
    domainError(
      'egress/entry-limit',
      'limit',
      `The platform already has ${limit} entries that global admins allowed.`,
      {
        fix: 'allow a network instead of single addresses, or withdraw one: astroctl admin egress deny ENTRY',
        extra: { limit },
      },
    ),
  egressNotAdmin: () =>
    domainError('access/forbidden', 'forbidden', 'Only a global admin who is logged in can change what is allowed.', {
      fix: 'ask a global admin',
    }),
};
