export { createIssuer, type Issuer } from './create-issuer.ts';
export { createAccounts, type Accounts } from './accounts.ts';
export { changePassword, type Admin } from './admin.ts';
export { loadOrCreateSecrets } from './secrets.ts';
