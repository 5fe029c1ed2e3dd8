import { err, ok, type Clock } from '#kernel';
import { checkMail, messageOf, type Mail, type MailFailure } from '#mail';
import { createTransport } from 'nodemailer';

export interface SmtpOptions {
  /** `smtp://` or `smtps://`, with user and password if the server requires them. */
  readonly url: string;
  /** `address` or `Name <address>`. */
  readonly from: string;
  readonly clock: Clock;
}

const CONNECT_MS = 10_000;
/** Milliseconds without any data after which a connection is given up. */
const SILENCE_MS = 20_000;

/**
 * Sends messages over SMTP. STARTTLS is used where the server offers it; a password is sent to another machine only over
 * TLS. Nothing is connected until the first message.
 */
export function openSmtpMail({ url, from, clock }: SmtpOptions): Mail {
  const { protocol, hostname, port, username, password } = new URL(url);
  const secure = protocol === 'smtps:';
  const transport = createTransport({
    host: hostname.replace(/^\[|\]$/g, ''),
    port: Number(port) || (secure ? 465 : 587),
    secure,
    requireTLS: !secure && username !== '' && !isLoopback(hostname),
    ...(username !== '' && { auth: { user: decodeURIComponent(username), pass: decodeURIComponent(password) } }),
    connectionTimeout: CONNECT_MS,
    greetingTimeout: CONNECT_MS,
    dnsTimeout: CONNECT_MS,
    socketTimeout: SILENCE_MS,
    allowInternalNetworkInterfaces: true,
  });
  return {
    reachesPeople: true,
    async send(mail) {
      checkMail(mail);
      try {
        await transport.sendMail(messageOf(mail, from, clock.now()));
        return ok(undefined);
      } catch (error) {
        return err(failureOf(error));
      }
    },
    async check() {
      try {
        await transport.verify();
        return ok(undefined);
      } catch (error) {
        return err(failureOf(error));
      }
    },
    close: () => Promise.resolve(transport.close()),
  };
}

const isLoopback = (host: string): boolean => host === 'localhost' || host === '[::1]' || host.startsWith('127.');

/** A reply of the 5xx class to the addressee or the message is permanent (RFC 5321); anything else may pass. */
function failureOf(error: unknown): MailFailure {
  const { code, responseCode, command } = error as { code?: string; responseCode?: number; command?: string };
  const isAboutMessage = code === 'EENVELOPE' || code === 'EMESSAGE';
  // A refused sender is a mistake of this installation, which an operator corrects.
  const isSender = command === 'MAIL FROM';
  return {
    kind: isAboutMessage && !isSender && (responseCode ?? 0) >= 500 ? 'rejected' : 'unavailable',
    reason: [code ?? 'unknown', responseCode].filter((part) => part !== undefined).join(' '),
  };
}
