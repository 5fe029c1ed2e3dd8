export { createAccounts, isPasswordForm, type Accounts } from './accounts.ts';
export { changePassword } from './admin.ts';
export { BUILT_IN_ISSUER, type BuiltInIssuer } from './built-in.ts';
export { addressesOf, createIssuer, type Issuer } from './create-issuer.ts';
export { loadOrCreateSecrets } from './secrets.ts';
export type { PasswordPage, PasswordPages } from './password-pages.ts';
