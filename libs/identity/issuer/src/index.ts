export { createAccounts, isPasswordForm, type Accounts } from './accounts.ts';
export { changePassword } from './admin.ts';
export { BUILT_IN_ISSUER, type BuiltInIssuer } from './built-in.ts';
export { addressesOf, CONSOLE_CLIENT_ID, createIssuer, type Issuer } from './create-issuer.ts';
export { loadOrCreateSecrets } from './secrets.ts';
export { PAGE_HEADERS, problemPage } from './pages.ts';
export type { PasswordPage, PasswordPages } from './password-pages.ts';
