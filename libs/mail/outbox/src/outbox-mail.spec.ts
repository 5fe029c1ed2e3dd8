import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { mailContract, SENDER } from '#mail/contract-suite';
import { manualClock, temporaryFolder } from '#testing';
import { openOutboxMail } from './outbox-mail.ts';

const root = temporaryFolder();
const clock = manualClock();
const textsIn = (folder: string) => {
  const names = statSync(folder, { throwIfNoEntry: false }) ? readdirSync(folder).toSorted() : [];
  return names.map((name) => readFileSync(join(folder, name), 'utf8'));
};

mailContract('outbox', async () => {
  const folder = join(root, randomUUID());
  return {
    mail: openOutboxMail({ folder, from: SENDER, clock }),
    received: async () => textsIn(folder),
    async whileAway(work) {
      rmSync(folder, { recursive: true, force: true });
      writeFileSync(folder, 'a file is in its place');
      const result = await work();
      rmSync(folder);
      return result;
    },
    close: async () => {},
  };
});

describe('the outbox', () => {
  it('can be read by its owner only, and holds a message once if it is sent again', async () => {
    const folder = join(root, 'private');
    const mail = openOutboxMail({ folder, from: SENDER, clock });
    const message = { id: 'one', to: 'grace@acme.dev', subject: 'Hello', text: 'a link\n' };
    await mail.send(message);
    await mail.send(message);
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    expect(readdirSync(folder)).toEqual(['one.eml']);
    expect(statSync(join(folder, 'one.eml')).mode & 0o777).toBe(0o600);
    expect(mail.reachesPeople).toBe(false);
  });
});
