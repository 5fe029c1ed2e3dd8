import type { SecretVersion } from '#deployments/contract';

/** Returns what is shown of a secret: `v2 fingerprint:9f2c41d07b3e`. */
export const secretText = ({ version, fingerprint }: SecretVersion): string =>
  `v${version} ${shownFingerprint(fingerprint)}`;

/** Returns the part of a fingerprint that is shown: `fingerprint:9f2c41d07b3e`. */
export const shownFingerprint = (fingerprint: string): string => `fingerprint:${fingerprint.slice(0, 12)}`;
