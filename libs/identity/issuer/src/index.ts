export { createIssuer, type Issuer, type IssuerOptions, type PublicJwk } from './create-issuer.ts';
export { createAccounts, type Account, type AccountError, type Accounts, type NewAccount } from './accounts.ts';
export { changePassword, type Admin, type AdminOptions } from './admin.ts';
export { LIFETIMES, type Lifetimes } from './configuration.ts';
export { loadOrCreateSecrets, type IssuerSecrets } from './secrets.ts';
