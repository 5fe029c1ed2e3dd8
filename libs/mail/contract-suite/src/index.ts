import type { Mail, OutgoingMail } from '#mail';

export interface MailHarness {
  readonly mail: Mail;
  /** Returns the messages that were sent, complete with headers, in order. */
  received(): Promise<readonly string[]>;
  /** Makes the engine fail until `work` has returned. */
  whileAway<T>(work: () => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

/** Sender that `open` configures. */
export const SENDER = 'Astro Platform <astro@acme.dev>';

/** Tests that every engine must pass. */
export function mailContract(engine: string, open: () => Promise<MailHarness>): void {
  describe(`mail by ${engine}`, () => {
    let harness: MailHarness;
    beforeEach(async () => {
      harness = await open();
    });
    afterEach(async () => {
      await harness.mail.close();
      await harness.close();
    });
    const message: OutgoingMail = { id: 'one.1', to: 'grace@acme.dev', subject: 'You are invited', text: 'Hello\n' };
    const send = (change: Partial<OutgoingMail> = {}) => harness.mail.send({ ...message, ...change });
    const sent = { ok: true, value: undefined };

    it('sends a message with its sender, addressee, subject, and text', async () => {
      expect(await send()).toEqual(sent);
      const [only = '', ...others] = await harness.received();
      expect(others).toEqual([]);
      expect(only).toMatch(/^From: Astro Platform <astro@acme\.dev>\r?$/m);
      expect(only).toMatch(/^To: grace@acme\.dev\r?$/m);
      expect(only).toMatch(/^Subject: You are invited\r?$/m);
      expect(only).toMatch(/^Message-ID: <one\.1@acme\.dev>\r?$/m);
      expect(only).toMatch(/^Auto-Submitted: auto-generated\r?$/m);
      expect(bodyOf(only)).toBe('Hello\n');
    });

    it.each([
      ['lines that begin with a dot', '.\n..\n.hidden\n'],
      ['letters of other languages', 'Grüße an Ólafur, 日本語\n'],
      ['a line longer than SMTP allows', `https://astro.acme.dev/${'a'.repeat(1_200)}\n`],
      ['lines that look like headers', 'Bcc: mallory@acme.dev\n\nFrom: root\n'],
    ])('keeps %s', async (_, text) => {
      expect(await send({ text })).toEqual(sent);
      const [only = ''] = await harness.received();
      expect(bodyOf(only)).toBe(text);
    });

    it.each<[string, Partial<OutgoingMail>]>([
      ['a subject of two lines', { subject: 'Hello\r\nBcc: mallory@acme.dev' }],
      ['two addresses', { to: 'grace@acme.dev,mallory@acme.dev' }],
      ['an address of two lines', { to: 'grace@acme.dev\nBcc:mallory@acme.dev' }],
      ['an ID that is a path', { id: '../../passwd' }],
    ])('refuses %s', async (_, change) => {
      await expect(send(change)).rejects.toThrow(RangeError);
      expect(await harness.received()).toEqual([]);
    });

    it('sends many messages at once, each once', async () => {
      const all = Array.from({ length: 20 }, (_, n) => `many-${n}`);
      await Promise.all(all.map((id) => send({ id })));
      const ids = (await harness.received()).map((text) => /Message-ID: <(.*)@/.exec(text)?.[1]);
      expect(ids.toSorted()).toEqual(all.toSorted());
    });

    it('reports that it cannot send now, without an address, and sends afterwards', async () => {
      await harness.whileAway(async () => {
        const failed = await send();
        expect(failed).toMatchObject({ ok: false, error: { kind: 'unavailable' } });
        expect(JSON.stringify(failed)).not.toContain('acme.dev');
        expect(await harness.mail.check()).toMatchObject({ ok: false });
      });
      expect(await harness.mail.check()).toEqual(sent);
      expect(await send()).toEqual(sent);
      expect(await harness.received()).toHaveLength(1);
    });
  });
}

/** Decodes the text of a message. */
function bodyOf(message: string): string {
  const [head = '', ...rest] = message.replaceAll('\r\n', '\n').split('\n\n');
  const body = rest.join('\n\n');
  const encoding = /^Content-Transfer-Encoding: (.*)$/im.exec(head)?.[1];
  if (encoding === 'base64') return Buffer.from(body, 'base64').toString('utf8');
  if (encoding !== 'quoted-printable') return body;
  const bytes = body
    .replaceAll('=\n', '')
    .replaceAll(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return Buffer.from(bytes, 'latin1').toString('utf8');
}
