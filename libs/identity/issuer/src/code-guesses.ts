import type { IncomingMessage } from 'node:http';
import type { Clock } from '#kernel';
import { startAll, createAttempts, type Attempts } from './attempts.ts';
import type { KnownBrowsers } from './known-browsers.ts';
import type { IssuerCaller } from './mount.ts';

/**
 * Wrong user codes within the lifetime of a code, counted by account for browsers that have logged in before, otherwise
 * by address. The limit makes guessing a user code infeasible.
 */
const WRONG_CODES = 5;
/** Submissions of one code within its lifetime. A login needs two: one to enter the code, and one to confirm it. */
const TIMES_OF_ONE_CODE = 10;

export interface CodeGuessesOptions {
  readonly clock: Clock;
  readonly callers: WeakMap<IncomingMessage, IssuerCaller>;
  readonly browsers: KnownBrowsers;
  /** Lifetime of a code, in milliseconds. */
  readonly windowMs: number;
}

/** Limits the submitted user codes. A submission counts before the code is looked up. */
export class CodeGuesses {
  private readonly wrongCodes: Attempts;
  private readonly oneCode: Attempts;
  /** Requests with a code that does not exist. */
  private readonly wrongRequests = new WeakSet<IncomingMessage>();

  constructor(private readonly options: CodeGuessesOptions) {
    const { clock, windowMs } = options;
    this.wrongCodes = createAttempts({ clock, limit: WRONG_CODES, windowMs });
    this.oneCode = createAttempts({ clock, limit: TIMES_OF_ONE_CODE, windowMs });
  }

  /**
   * Counts a submission.
   *
   * @returns 0, or the milliseconds until another is allowed
   */
  start(request: IncomingMessage): number {
    const { userCode = '' } = this.callerOf(request);
    const code = userCode
      .toUpperCase()
      .replace(/[^A-Z]/g, '')
      .slice(0, 20);
    return startAll([
      { attempts: this.wrongCodes, key: this.guesserOf(request) },
      { attempts: this.oneCode, key: code },
    ]);
  }

  wrong(request: IncomingMessage): void {
    this.wrongRequests.add(request);
  }

  /** Ends a submission. A code that exists does not count as wrong. */
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
