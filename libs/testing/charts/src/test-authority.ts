import { generate } from 'selfsigned';

export interface TestCertificate {
  /** PEM. */
  readonly key: string;
  readonly cert: string;
  /** PEM of the certificate authority, which is the certificate itself. */
  readonly authority: string;
}

/** Creates a certificate of its own authority for the given names, 127.0.0.1 and localhost. */
export async function createTestAuthority(...names: readonly string[]): Promise<TestCertificate> {
  const { private: key, cert } = await generate([{ name: 'commonName', value: 'astro test' }], {
    keyType: 'ec',
    curve: 'P-256',
    algorithm: 'sha256',
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', digitalSignature: true, keyCertSign: true, critical: true },
      { name: 'extKeyUsage', serverAuth: true },
      {
        name: 'subjectAltName',
        altNames: [
          { type: 7, ip: '127.0.0.1' },
          ...['localhost', ...names].map((value) => ({ type: 2, value }) as const),
        ],
      },
    ],
  });
  return { key, cert, authority: cert };
}
