import type { IncomingMessage, ServerResponse } from 'node:http';
import type { DomainError, Result } from '#kernel';
import { readForm, send } from './forms.ts';
import { nextPage, passwordPage, problemPage } from './pages.ts';

/** What a valid link is for. */
export interface PasswordPage {
  readonly kind: 'invitation' | 'password';
  readonly email: string;
  /** Whether the address has an account. An invitation never changes its password. */
  readonly hasAccount: boolean;
  readonly invitation?: { readonly organization: string; readonly role: string };
}

/** Decides about links. Provided by the service, which knows invitations. */
export interface PasswordPages {
  /** Returns what the link is for, or why it is not valid. Changes nothing. */
  find(kind: PasswordPage['kind'], token: string): Promise<Result<PasswordPage, DomainError>>;
  /** Sets the password, once for each link. A password that is too short does not use up the link. */
  setPassword(kind: PasswordPage['kind'], token: string, password: string): Promise<Result<PasswordPage, DomainError>>;
}

/** The pages on which people set a password: plain forms, no scripts. The token in the address is the only secret. */
export interface PasswordForms {
  show(kind: PasswordPage['kind'], token: string, response: ServerResponse): Promise<void>;
  submit(kind: PasswordPage['kind'], token: string, request: IncomingMessage, response: ServerResponse): Promise<void>;
}

const STATUS: Readonly<Record<DomainError['kind'], number>> = {
  invalid: 422,
  unauthenticated: 401,
  forbidden: 403,
  'not-found': 404,
  conflict: 409,
  limit: 403,
  unavailable: 503,
};

/** Creates the pages. */
export function servePasswordPages(pages: PasswordPages, publicUrl: string): PasswordForms {
  const refuse = (response: ServerResponse, { kind, detail }: DomainError): void =>
    send(response, STATUS[kind], problemPage('This link does not work', detail));
  const login = `astroctl auth login --api-url ${publicUrl}`;
  /** What to do with the password: in the console, or with astroctl. */
  const next = (kind: PasswordPage['kind'], token: string) => {
    const returnTo = new URLSearchParams({ return_to: kind === 'invitation' ? `/invite/${token}` : '/' }).toString();
    return {
      link: {
        text: kind === 'invitation' ? 'Log in and accept' : 'Log in to the console',
        href: `${publicUrl}/console/login?${returnTo}`,
      },
      commands: kind === 'invitation' ? [login, 'astroctl org accept'] : [login],
    };
  };

  return {
    async show(kind, token, response) {
      const found = await pages.find(kind, token);
      if (!found.ok) return refuse(response, found.error);
      const { email, hasAccount, invitation } = found.value;
      if (kind === 'invitation' && hasAccount)
        return send(
          response,
          200,
          nextPage(
            `Join ${invitation?.organization ?? ''}`,
            `${email} already has an account. Log in with its password, then accept.`,
            next(kind, token),
          ),
        );
      const action = `/oidc/${kind}/${token}`;
      send(response, 200, passwordPage({ action, email, ...(invitation && { invitation }) }));
    },
    async submit(kind, token, request, response) {
      const fields = await readForm(request);
      if (!fields) return send(response, 400, problemPage('Something went wrong', 'The form could not be read.'));
      const set = await pages.setPassword(kind, token, fields.get('password') ?? '');
      if (set.ok) return send(response, 200, nextPage('Password set', 'Log in with it.', next(kind, token)));
      const found = set.error.kind === 'invalid' ? await pages.find(kind, token) : undefined;
      if (!found?.ok) return refuse(response, set.error);
      const { email, invitation } = found.value;
      const action = `/oidc/${kind}/${token}`;
      send(
        response,
        422,
        passwordPage({ action, email, problem: set.error.detail, ...(invitation && { invitation }) }),
      );
    },
  };
}
