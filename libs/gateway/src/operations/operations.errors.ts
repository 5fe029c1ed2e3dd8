import { domainError } from '#kernel';

/** Errors of the administration of the platform. */
export const operationsErrors = {
  unanswered: (services: readonly string[]) =>
    domainError(
      'operations/service-unavailable',
      'unavailable',
      `The projection is in none of the services that responded; ${services.join(', ')} did not respond.`,
      { fix: 'see which process is missing: astroctl admin doctor', retryAfterSeconds: 5 },
    ),
};
