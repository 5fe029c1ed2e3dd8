import type { IncomingMessage } from 'node:http';
import type { Clock } from '#kernel';
import { beginAll, createAttempts, type Attempts } from './attempts.ts';
import type { KnownBrowsers } from './known-browsers.ts';
import type { IssuerCaller } from './mount.ts';

/**
 * Wrong user codes while a code lives, of one account by browsers that have logged in to it, else of one address: nobody
 * guesses his way to another's device.
 */
const WRONG_CODES = 5;
/** How often one code may be sent while it lives. Two are needed: it is entered, and confirmed. */
const TIMES_OF_ONE_CODE = 10;

export interface CodeGuessesOptions {
  readonly clock: Clock;
  readonly callers: WeakMap<IncomingMessage, IssuerCaller>;
  readonly browsers: KnownBrowsers;
  /** How long a code lives. */
  readonly windowMs: number;
}

/** Counts the user codes that are sent, from before they are looked up. */
export class CodeGuesses {
  private readonly wrongCodes: Attempts;
  private readonly oneCode: Attempts;
  /** Requests that named a code of nobody's. */
  private readonly wrongRequests = new WeakSet<IncomingMessage>();

  constructor(private readonly options: CodeGuessesOptions) {
    const { clock, windowMs } = options;
    this.wrongCodes = createAttempts({ clock, limit: WRONG_CODES, windowMs });
    this.oneCode = createAttempts({ clock, limit: TIMES_OF_ONE_CODE, windowMs });
  }

  /** @returns 0, or the milliseconds until another is allowed */
  begin(request: IncomingMessage): number {
    const { userCode = '' } = this.callerOf(request);
    const code = userCode
      .toUpperCase()
      .replace(/[^A-Z]/g, '')
      .slice(0, 20);
    return beginAll([
      { attempts: this.wrongCodes, key: this.guesserOf(request) },
      { attempts: this.oneCode, key: code },
    ]);
  }

  wrong(request: IncomingMessage): void {
    this.wrongRequests.add(request);
  }

  /** A code that was found does not count as a wrong one. */
  ended(request: IncomingMessage): void {
    if (!this.wrongRequests.has(request)) this.wrongCodes.undo(this.guesserOf(request));
  }

  private guesserOf(request: IncomingMessage): string {
    const account = this.options.browsers.of(request)?.accounts[0];
    return account === undefined ? `address ${this.callerOf(request).address}` : `account ${account}`;
  }

  private callerOf(request: IncomingMessage): IssuerCaller {
    return this.options.callers.get(request) ?? { address: 'unknown' };
  }
}
