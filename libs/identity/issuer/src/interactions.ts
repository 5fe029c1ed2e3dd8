import { createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock, Logger } from '#kernel';
import type { default as Provider } from 'oidc-provider';
import type { Accounts } from './accounts.ts';
import { startAll, createAttempts } from './attempts.ts';
import type { KnownBrowsers } from './known-browsers.ts';
import { readForm, send } from './forms.ts';
import { loginPage, problemPage } from './pages.ts';

/**
 * Limits on wrong passwords within the window: for one account by a browser that has logged in to it before; and, for
 * all other browsers, for one account from one address, for one account in total, and for one address in total.
 */
const PER_BROWSER = 5;
const PER_ACCOUNT_AND_ADDRESS = 5;
const PER_ACCOUNT = 50;
const PER_ADDRESS = 50;
const WINDOW_MS = 15 * 60_000;

export interface InteractionOptions {
  readonly provider: Provider;
  readonly accounts: Accounts;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly browsers: KnownBrowsers;
  /** Secret from which the token of a form is derived. */
  readonly secret: string;
  readonly origin: string;
}

/** The login page: plain forms, no scripts. */
export interface Interactions {
  show(request: IncomingMessage, response: ServerResponse): Promise<void>;
  submit(request: IncomingMessage, response: ServerResponse, address: string): Promise<void>;
}

export function createInteractions({
  provider,
  accounts,
  clock,
  logger,
  browsers,
  secret,
  origin,
}: InteractionOptions): Interactions {
  const countsOf = passwordCounts(clock, browsers);
  const tokenOf = (uid: string): string =>
    createHmac('sha256', secret).update(`interaction\n${uid}`).digest('base64url');
  const form = (uid: string) => ({ action: `/oidc/interaction/${uid}`, xsrf: tokenOf(uid) });

  /** Returns the interaction that this browser's cookie belongs to. */
  async function current(request: IncomingMessage, response: ServerResponse): Promise<string | undefined> {
    try {
      const { uid, prompt } = await provider.interactionDetails(request, response);
      return prompt.name === 'login' ? uid : undefined;
    } catch (error) {
      logger.debug(
        { reason: error instanceof Error ? error.name : 'unknown' },
        'no login is in progress in this browser',
      );
      return undefined;
    }
  }

  return {
    async show(request, response) {
      const uid = await current(request, response);
      if (uid === undefined) return send(response, 400, lost());
      send(response, 200, loginPage(form(uid)));
    },

    async submit(request, response, address) {
      const uid = await current(request, response);
      if (uid === undefined) return send(response, 400, lost());
      const fields = await readForm(request);
      if (fields === undefined)
        return send(response, 400, problemPage('Something went wrong', 'The form could not be read.'));
      const sentFrom = request.headers.origin;
      if (
        (sentFrom !== undefined && sentFrom !== 'null' && sentFrom !== origin) ||
        !same(fields.get('xsrf') ?? '', tokenOf(uid))
      ) {
        return send(
          response,
          403,
          problemPage(
            'Refused',
            'This form was not submitted from the login page. Go back to your terminal and start again.',
          ),
        );
      }
      if (fields.get('abort') === 'yes') {
        return provider.interactionFinished(request, response, {
          error: 'access_denied',
          error_description: 'the login was canceled',
        });
      }
      const email = (fields.get('email') ?? '').slice(0, 320);
      const { counted, succeeded } = countsOf(request, email, address);
      const blockedMs = startAll(counted);
      if (blockedMs > 0) {
        response.setHeader('retry-after', String(Math.ceil(blockedMs / 1_000)));
        return send(
          response,
          429,
          loginPage({
            ...form(uid),
            email,
            problem: `Too many attempts. Wait ${Math.ceil(blockedMs / 60_000)} minutes.`,
          }),
        );
      }
      const account = await accounts.verify(email, fields.get('password') ?? '');
      if (account === undefined)
        return send(
          response,
          401,
          loginPage({ ...form(uid), email, problem: 'Incorrect e-mail address or password.' }),
        );
      succeeded();
      response.appendHeader('set-cookie', browsers.remember(request, email));
      await provider.interactionFinished(
        request,
        response,
        { login: { accountId: account.id, remember: true } },
        { mergeWithLastSubmission: false },
      );
    },
  };
}

/** Returns the counters for a password from a browser, and how to reset them after a correct one. */
function passwordCounts(clock: Clock, browsers: KnownBrowsers) {
  const counter = (limit: number) => createAttempts({ clock, limit, windowMs: WINDOW_MS });
  const [byBrowser, byBoth] = [counter(PER_BROWSER), counter(PER_ACCOUNT_AND_ADDRESS)];
  const [byAccount, byAddress] = [counter(PER_ACCOUNT), counter(PER_ADDRESS)];
  return (request: IncomingMessage, email: string, address: string) => {
    const account = email.normalize('NFKC').trim().toLowerCase();
    const browser = browsers.of(request);
    if (browsers.knows(browser, email)) {
      const key = `${browser.id}\n${account}`;
      return { counted: [{ attempts: byBrowser, key }], succeeded: () => byBrowser.succeeded(key) };
    }
    const both = `${address}\n${account}`;
    return {
      counted: [
        { attempts: byBoth, key: both },
        { attempts: byAccount, key: account },
        { attempts: byAddress, key: address },
      ],
      succeeded() {
        byBoth.succeeded(both);
        byAccount.undo(account);
        byAddress.undo(address);
      },
    };
  };
}

const lost = (): string =>
  problemPage(
    'Start again',
    'No login is in progress in this browser, or it has expired. Go back to your terminal and start again: astroctl auth login',
  );

const same = (a: string, b: string): boolean =>
  a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b));
