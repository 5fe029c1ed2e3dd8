/** Injection token of the folder that contains `/var/run/secrets/…`: `''` except in tests. */
export const SERVICE_ACCOUNT_ROOT = Symbol('service account root');
