import { idOf, REMOVED, type Projection } from '#kernel';
import { applicationEvents, type ApplicationEvent } from '../applications/application.events.ts';

/** A secret in the list of its application. */
export interface ListedSecret {
  readonly version: number;
  readonly fingerprint: string;
  readonly updatedAt: string;
  readonly by: string;
}

/** Secrets of one application, by key. */
export interface SecretsDocument {
  readonly secrets: Readonly<Record<string, ListedSecret>>;
}

/** Read model of `app secrets list`. One document per application that has, or had, secrets. */
export const secretsProjection: Projection<ApplicationEvent, SecretsDocument> = {
  name: 'deployments-secrets.v1',
  events: applicationEvents,
  documentId: ({ event: { type }, metadata }) =>
    type === 'application.secrets-set.v1' || type === 'application.secret-unset.v1' || type === 'application.deleted.v1'
      ? idOf(metadata.stream)
      : undefined,
  apply(document, { event, metadata }) {
    switch (event.type) {
      case 'application.secrets-set.v1': {
        const set = event.data.secrets.map(({ key, version, fingerprint }) => [
          key,
          { version, fingerprint, updatedAt: metadata.recordedAt, by: metadata.actor },
        ]);
        return { secrets: { ...document?.secrets, ...Object.fromEntries(set) } };
      }
      case 'application.secret-unset.v1': {
        const left = Object.entries(document?.secrets ?? {}).filter(([key]) => key !== event.data.key);
        return { secrets: Object.fromEntries(left) };
      }
      case 'application.deleted.v1':
        return REMOVED;
      default:
        return document ?? REMOVED;
    }
  },
};
