import type { Result } from '#kernel';

/** A message in plain text. */
export interface OutgoingMail {
  /** Identifies the message: one that is sent again after a crash has the same Message-ID. */
  readonly id: string;
  readonly to: string;
  readonly subject: string;
  readonly text: string;
}

/** Why a message was not sent. */
export interface MailFailure {
  /** `unavailable`: may succeed later. `rejected`: the server permanently refuses this message. */
  readonly kind: 'unavailable' | 'rejected';
  /** A code for logs. Never contains an address or the server's text, which may repeat one. */
  readonly reason: string;
}

/** Sends e-mail. */
export interface Mail {
  /** Whether messages reach people. Otherwise, somebody has to hand them over. */
  readonly reachesPeople: boolean;
  /**
   * Sends a message, or returns why it was not sent. The result follows within a minute.
   *
   * @throws RangeError on every engine for an ID, an address, or a subject that could change the message's headers
   */
  send(mail: OutgoingMail): Promise<Result<void, MailFailure>>;
  /** Returns whether messages could be sent now, without sending any. */
  check(): Promise<Result<void, MailFailure>>;
  close(): Promise<void>;
}

export const MAIL = Symbol('mail');

const ID = /^[A-Za-z0-9._-]{1,128}$/;
const ADDRESS = /^[^\s@<>,;:"\p{Cc}]{1,64}@[^\s@<>,;:"\p{Cc}]{1,255}$/u;
const SUBJECT = /^[^\p{Cc}]{1,300}$/u;

/** @throws RangeError for a message that no engine sends */
export function checkMail({ id, to, subject }: OutgoingMail): void {
  if (!ID.test(id)) throw new RangeError('the ID of a message has letters, digits, and . _ - only');
  if (!ADDRESS.test(to)) throw new RangeError('a message has one address of the form name@host');
  if (!SUBJECT.test(subject)) throw new RangeError('a subject has 1 to 300 characters on one line');
}

/**
 * Returns the headers and the text of a message, as all engines send them.
 *
 * @param from `address` or `Name <address>`
 * @param nowMs milliseconds since 1970
 */
export const messageOf = ({ id, to, subject, text }: OutgoingMail, from: string, nowMs: number) => ({
  from,
  to,
  subject,
  text,
  date: new Date(nowMs),
  messageId: `<${id}@${/@([A-Za-z0-9.-]+)>?$/.exec(from)?.[1] ?? 'localhost'}>`,
  // Asks mail programs not to send automatic replies (RFC 3834).
  headers: { 'Auto-Submitted': 'auto-generated' },
  disableFileAccess: true,
  disableUrlAccess: true,
});
