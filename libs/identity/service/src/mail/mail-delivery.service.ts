import { backOffMs, CLOCK, LOGGER, type Clock, type Logger } from '#kernel';
import { checkMail, MAIL, type Mail, type OutgoingMail } from '#mail';
import { decodeText, encodeText, VAULT, type Vault, type VaultRecord } from '#vault';
import { Inject, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { z } from 'zod';
import { afterAttempt, closedCircuit, mayTry } from './mail-circuit.ts';

/** The first delay is longer than one attempt may take, since it also keeps others from sending the same message. */
const RETRY = { firstMs: 120_000, mostMs: 3_600_000 };
/** Milliseconds after which a message that cannot be sent is given up. */
const GIVE_UP_MS = 3 * 86_400_000;
/** How long the ID of a sent message is remembered, so that a repeated request does not send it again. */
const REMEMBER_MS = 7 * 86_400_000;
/** Messages sent at the same time. Others wait for the sweep. */
const MAX_SENDING = 4;

const PREFIX = 'mail/';

const recordSchema = z.union([
  z.object({
    to: z.string(),
    subject: z.string(),
    text: z.string(),
    storedAtMs: z.number(),
    tries: z.number(),
    nextAtMs: z.number(),
  }),
  /** A message that was sent or given up. Its content is gone. */
  z.object({ ended: z.literal(true) }),
]);
type MailRecord = z.infer<typeof recordSchema>;

/**
 * Delivers e-mail. A message is stored in the vault first, and then sent, so that it survives a crash and no request
 * waits for the mail server. Neither logs nor events contain addresses, subjects, or texts.
 */
@Injectable()
export class MailDelivery implements OnApplicationBootstrap {
  private circuit = closedCircuit;
  private sending = 0;
  private fault: string | undefined;

  constructor(
    @Inject(MAIL) private readonly mail: Mail,
    @Inject(VAULT) private readonly vault: Vault,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** Whether messages reach people. Otherwise, somebody has to hand over what they say. */
  get reachesPeople(): boolean {
    return this.mail.reachesPeople;
  }

  /** Code of the last failure of the mail server; undefined if it responded since. */
  get problem(): string | undefined {
    return this.fault;
  }

  /** Logs whether the mail server responds. The start does not wait for it. */
  onApplicationBootstrap(): void {
    void this.mail.check().then((checked) => {
      this.fault = checked.ok ? undefined : checked.error.reason;
      if (checked.ok && this.mail.reachesPeople) this.logger.info({}, 'the mail server responds');
      else if (checked.ok) this.logger.info({}, 'no mail server is configured; messages are written to the outbox');
      else this.logger.warn({ reason: checked.error.reason }, 'e-mail cannot be sent now, and waits');
    });
  }

  /** Stores a message, and begins to send it. A message whose ID was stored before is not sent again. */
  async accept(mail: OutgoingMail): Promise<void> {
    checkMail(mail);
    const { id, to, subject, text } = mail;
    const nowMs = this.clock.now();
    const record: MailRecord = { to, subject, text, storedAtMs: nowMs, tries: 0, nextAtMs: nowMs };
    const stored = await this.vault.put(PREFIX + id, encode(record), { expected: 'absent' });
    if (stored.ok && this.sending < MAX_SENDING) void this.attempt(PREFIX + id);
  }

  /** Sends the messages that are due. */
  async deliverDue(signal: AbortSignal): Promise<void> {
    const names: string[] = [];
    for await (const { name } of this.vault.list(PREFIX)) names.push(name);
    for (const name of names) {
      if (signal.aborted || !mayTry(this.circuit, this.clock.monotonic())) return;
      await this.attempt(name);
    }
  }

  /** Tries to send one message, if it is due and the mail server is not left alone. Never rejects. */
  private async attempt(name: string): Promise<void> {
    this.sending += 1;
    try {
      const stored = await this.vault.get(name);
      if (stored && mayTry(this.circuit, this.clock.monotonic())) await this.send(name, stored);
    } catch (error) {
      // The record is unchanged or has its next time, so the sweep tries again.
      const cause = error instanceof Error ? error.name : 'unknown';
      this.logger.warn({ mailId: name.slice(PREFIX.length), cause }, 'a message could not be sent, and is tried again');
    } finally {
      this.sending -= 1;
    }
  }

  private async send(name: string, stored: VaultRecord): Promise<void> {
    const record = recordSchema.parse(JSON.parse(decodeText(stored.value)));
    const nowMs = this.clock.now();
    if ('ended' in record || nowMs < record.nextAtMs) return;
    const id = name.slice(PREFIX.length);
    const tries = record.tries + 1;
    const claimed = { ...record, tries, nextAtMs: nowMs + backOffMs(RETRY, tries) };
    const claim = await this.vault.put(name, encode(claimed), { expected: stored.version });
    if (!claim.ok) return; // another process sends it

    const { to, subject, text } = record;
    const sent = await this.mail.send({ id, to, subject, text });
    const responds = sent.ok || sent.error.kind === 'rejected';
    this.circuit = afterAttempt(this.circuit, responds, this.clock.monotonic());
    this.fault = sent.ok ? undefined : sent.error.reason;
    if (!sent.ok) this.logger.warn({ mailId: id, tries, ...sent.error }, 'a message was not sent');
    if (responds || nowMs - record.storedAtMs > GIVE_UP_MS) {
      if (!sent.ok) this.logger.error({ mailId: id, tries, reason: sent.error.reason }, 'a message was discarded');
      await this.vault.put(name, encode({ ended: true }), { expiresAtMs: nowMs + REMEMBER_MS });
    }
  }
}

const encode = (record: MailRecord): Uint8Array => encodeText(JSON.stringify(record));
