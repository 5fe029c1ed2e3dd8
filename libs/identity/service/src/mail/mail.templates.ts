import { assertNever } from '#kernel';
import type { InputOf } from '#bus/contract';
import type { sendMailRequest } from '#identity/contract';

/** A message that other contexts send. */
export type Message = InputOf<typeof sendMailRequest>['message'];

/** Values that identity adds to a message. */
export interface Surroundings {
  /** Address of the platform, as people reach it. */
  readonly publicUrl: string;
  /** Name or address of the person who caused the message; undefined if unknown. */
  readonly from: string | undefined;
  /** What the addressee of an invitation opens or types. */
  readonly invitationLink: (token: string) => string;
  readonly to: string;
}

/** Subject and text of a message. */
export interface WrittenMessage {
  readonly subject: string;
  readonly text: string;
}

/** Writes a message. Names of organizations and keys were validated when they were set; the addressee trusts none. */
export function write(message: Message, { publicUrl, from, invitationLink, to }: Surroundings): WrittenMessage {
  switch (message.template) {
    case 'invitation': {
      const { organization, role, token, expiresAt } = message.values;
      const link = invitationLink(token);
      return {
        subject: `Invitation to ${organization} on Astro Platform`,
        text: lines(
          `${from ?? 'An admin'} invites you to join the organization ${organization} on Astro Platform as ${role}.`,
          '',
          link.startsWith('http') ? 'To accept, open this link:' : 'To accept, log in, then run:',
          '',
          `  ${link}`,
          '',
          'On your machine:',
          '',
          `  astroctl auth login --api-url ${publicUrl}`,
          '',
          `The invitation ends at ${timeShown(expiresAt)}. Only ${to} can use it. If you did not expect it, ignore this message.`,
        ),
      };
    }
    case 'key-expiry': {
      const { organization, keyId, keyName, expiresAt, serviceMember } = message.values;
      const [whose, create] =
        serviceMember === undefined
          ? ['Your access key', `astroctl key create --name "${keyName}"`]
          : [
              `The access key of ${serviceMember}`,
              `astroctl key create --name "${keyName}" --service "${serviceMember}"`,
            ];
      return {
        subject: `Access key ${keyName} of ${organization} ends at ${timeShown(expiresAt)}`,
        text: lines(
          `${whose} ${keyName} (${keyId}) of the organization ${organization} ends at ${timeShown(expiresAt)}. From then on, everything that uses it is refused.`,
          '',
          'To replace it, create another one before:',
          '',
          `  ${create} --org-id ${organization} --api-url ${publicUrl}`,
          '',
          'If nothing uses it anymore, ignore this message.',
        ),
      };
    }
    default:
      return assertNever(message);
  }
}

/** Writes the message with a link to set a new password. */
export const writePasswordLink = (link: string, expiresAt: string): WrittenMessage => ({
  subject: 'Set a new password for Astro Platform',
  text: lines(
    'An admin of Astro Platform sends you this link to set a new password:',
    '',
    `  ${link}`,
    '',
    `It works once, until ${timeShown(expiresAt)}. Your password is unchanged until then. If you did not ask for it, tell your admin.`,
  ),
});

const lines = (...all: readonly string[]): string => `${all.join('\n')}\n`;

/** Returns a time to the minute, in UTC. */
const timeShown = (at: string): string => `${at.slice(0, 16).replace('T', ' ')} UTC`;
