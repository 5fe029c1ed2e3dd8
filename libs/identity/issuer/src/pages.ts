import { createHash } from 'node:crypto';

/** Escapes text for a page or an attribute. */
const escaped = (text: string): string =>
  text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');

const STYLE = `
:root{color-scheme:light dark;--ink:#1a1d24;--paper:#fff;--ground:#f2f4f8;--line:#8a92a3;--act:#1f4fd8;--on-act:#fff;--bad:#a11212}
@media (prefers-color-scheme:dark){:root{--ink:#e8eaf0;--paper:#1d2129;--ground:#12151b;--line:#79829a;--act:#8fb0ff;--on-act:#0c1120;--bad:#ff9b9b}}
*{box-sizing:border-box}body{margin:0;min-height:100vh;display:grid;place-items:center;background:var(--ground);color:var(--ink);font:1rem/1.5 system-ui,sans-serif}
main{width:min(26rem,calc(100vw - 2rem));padding:2rem;background:var(--paper);border:1px solid var(--line);border-radius:.75rem;margin:1rem}
h1{font-size:1.4rem;margin:0 0 1rem}label{display:block;margin:.75rem 0 .25rem;font-weight:600}
input{width:100%;padding:.6rem;font:inherit;color:inherit;background:var(--ground);border:1px solid var(--line);border-radius:.4rem}
button,.button{display:inline-block;text-decoration:none;margin:1.25rem .5rem 0 0;padding:.6rem 1.2rem;font:inherit;font-weight:600;color:var(--on-act);background:var(--act);border:2px solid var(--act);border-radius:.4rem;cursor:pointer}
button.quiet{color:var(--act);background:transparent}:focus-visible{outline:3px solid var(--act);outline-offset:2px}
.code{font:700 1.6rem/1.4 ui-monospace,monospace;letter-spacing:.08em}.bad{color:var(--bad);font-weight:600}`;

/** Headers that forbid scripts, external resources, and frames. */
export const PAGE_HEADERS: Readonly<Record<string, string>> = {
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy': `default-src 'none'; style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'`,
  'cache-control': 'no-store',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
};

function page(title: string, body: string): string {
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><title>${escaped(title)} - Astro Platform</title><style>${STYLE}</style></head>
<body><main><h1>${escaped(title)}</h1>${body}</main></body></html>`;
}

const fault = (text: string | undefined): string =>
  text === undefined ? '' : `<p class="bad" role="alert">${escaped(text)}</p>`;
const hidden = (name: string, value: string): string =>
  `<input type="hidden" name="${name}" value="${escaped(value)}">`;

/**
 * Returns a second form that refuses, so that a client that submits the first form of a page never refuses by accident.
 */
const refusal = (action: string, words: string, fields: string): string =>
  `<form method="post" action="${escaped(action)}">${fields}${hidden('abort', 'yes')}<button class="quiet" type="submit">${escaped(words)}</button></form>`;

/** Returns a page with the fields `email`, `password`, and `xsrf`, and a second form that refuses with `abort`. */
export function loginPage({
  action,
  xsrf,
  email = '',
  problem,
}: {
  readonly action: string;
  readonly xsrf: string;
  readonly email?: string;
  readonly problem?: string;
}): string {
  return page(
    'Log in',
    `${fault(problem)}<form method="post" action="${escaped(action)}">${hidden('xsrf', xsrf)}
<label for="email">E-mail address</label><input id="email" name="email" type="email" autocomplete="username" value="${escaped(email)}" required autofocus>
<label for="password">Password</label><input id="password" name="password" type="password" autocomplete="current-password" required>
<button type="submit">Log in</button></form>
${refusal(action, 'Cancel', hidden('xsrf', xsrf))}`,
  );
}

/** Returns a page with the fields `user_code` and `xsrf`. */
export function codePage({
  action,
  xsrf,
  code = '',
  problem,
}: {
  readonly action: string;
  readonly xsrf: string;
  readonly code?: string;
  readonly problem?: string;
}): string {
  return page(
    'Connect a device',
    `<p>Enter the code that your terminal shows.</p>${fault(problem)}<form method="post" action="${escaped(action)}">${hidden('xsrf', xsrf)}
<label for="user_code">Code</label><input id="user_code" name="user_code" value="${escaped(code)}" autocomplete="off" autocapitalize="characters" spellcheck="false" required autofocus>
<button type="submit">Continue</button></form>`,
  );
}

/**
 * Returns a page with the fields `user_code`, `xsrf`, and `confirm=yes`, and a second form that refuses with
 * `abort=yes`.
 */
export function confirmPage({
  action,
  xsrf,
  code,
  client,
}: {
  readonly action: string;
  readonly xsrf: string;
  readonly code: string;
  readonly client: string;
}): string {
  return page(
    'Is this your device?',
    `<p><strong>${escaped(client)}</strong> requests access to your account. Continue only if your terminal shows this code:</p><p class="code">${escaped(code)}</p>
<form method="post" action="${escaped(action)}">${hidden('xsrf', xsrf)}${hidden('user_code', code)}
<button type="submit" name="confirm" value="yes">Yes, continue</button></form>
${refusal(action, 'No, refuse', hidden('xsrf', xsrf) + hidden('user_code', code))}`,
  );
}

/** Returns a page with the field `password`, on which a person sets a password. */
export function passwordPage({
  action,
  email,
  invitation,
  problem,
}: {
  readonly action: string;
  readonly email: string;
  readonly invitation?: { readonly organization: string; readonly role: string };
  readonly problem?: string;
}): string {
  return page(
    invitation ? `Join ${invitation.organization}` : 'Set a new password',
    `${invitation ? `<p>You are invited to <strong>${escaped(invitation.organization)}</strong> as ${escaped(invitation.role)}. Choose a password for your account.</p>` : '<p>This also ends all your sessions.</p>'}${fault(problem)}<form method="post" action="${escaped(action)}">
<label for="email">E-mail address</label><input id="email" type="email" autocomplete="username" value="${escaped(email)}" readonly>
<label for="password">Password</label><input id="password" name="password" type="password" autocomplete="new-password" minlength="8" maxlength="1000" required autofocus>
<button type="submit">Set password</button></form>`,
  );
}

/** Returns a page with what to do next: a link to the console, or commands on the person's machine. */
export const nextPage = (
  title: string,
  text: string,
  {
    link,
    commands,
  }: { readonly link: { readonly text: string; readonly href: string }; readonly commands: readonly string[] },
): string =>
  page(
    title,
    `<p role="status">${escaped(text)}</p><p><a class="button" href="${escaped(link.href)}">${escaped(link.text)}</a></p>
<p>Or on your machine:</p>${commands.map((command) => `<p><code>${escaped(command)}</code></p>`).join('')}`,
  );

export const donePage = (): string =>
  page('Logged in', '<p role="status">You can close this page and go back to your terminal.</p>');

export const problemPage = (title: string, detail: string): string =>
  page(title, `<p role="alert">${escaped(detail)}</p>`);

/**
 * Returns a page that asks before it ends the session.
 *
 * @param form the library's form, which has no button
 */
export const logoutPage = (form: string): string =>
  page(
    'Log out',
    `<p>Log out of Astro Platform in this browser?</p>${form}<button form="op.logoutForm" type="submit" name="logout" value="yes">Yes, log out</button><button form="op.logoutForm" class="quiet" type="submit">No</button>`,
  );

export const signedOutPage = (): string => page('Logged out', '<p role="status">You are logged out.</p>');
