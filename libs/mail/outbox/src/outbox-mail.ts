import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { isSystemError, makePrivateFolder, reasonOf, writePrivateFile } from '#files';
import { err, ok, type Clock } from '#kernel';
import { checkMail, messageOf, type Mail } from '#mail';
import { createTransport } from 'nodemailer';

export interface OutboxOptions {
  /** Folder of the messages (mode 0700), one file `<id>.eml` each (mode 0600). */
  readonly folder: string;
  /** `address` or `Name <address>`. */
  readonly from: string;
  readonly clock: Clock;
}

/** Writes messages to a folder, where an operator finds them. For installations without a mail server. */
export function openOutboxMail({ folder, from, clock }: OutboxOptions): Mail {
  const transport = createTransport({ streamTransport: true, buffer: true, newline: 'unix' });
  const prepare = () => {
    makePrivateFolder(folder);
    chmodSync(folder, 0o700);
  };
  return {
    reachesPeople: false,
    async send(mail) {
      checkMail(mail);
      const { message } = await transport.sendMail(messageOf(mail, from, clock.now()));
      return attempt(() => {
        prepare();
        writePrivateFile(join(folder, `${mail.id}.eml`), String(message));
      });
    },
    check: () => Promise.resolve(attempt(prepare)),
    close: () => Promise.resolve(),
  };
}

/** Runs `write`. A full disk or a folder without permission may be corrected later. */
function attempt(write: () => void) {
  try {
    write();
    return ok(undefined);
  } catch (error) {
    if (!isSystemError(error)) throw error;
    return err({ kind: 'unavailable', reason: reasonOf(error) } as const);
  }
}
