import type { ImageWorkload } from '#kubernetes';
import { withSecretValues } from './secret-values.ts';

const workload: ImageWorkload = {
  name: 'web',
  targetNamespace: 'acme-web',
  image: 'images.acme.dev/web:1',
  ports: [],
  env: [
    { name: 'MODE', value: 'live' },
    { name: 'DB', secret: { key: 'DATABASE_URL' } },
    { name: 'CACHE', secret: { key: 'CACHE_URL' } },
    { name: 'OTHER', secret: { key: 'x', secretName: 'of-the-cluster' } },
  ],
  secrets: {},
  resources: { requests: { cpu: '100m', memory: '128Mi' }, limits: { memory: '256Mi' } },
  replicas: 1,
  volumes: [],
  configFiles: [
    { path: '/etc/a', content: 'a' },
    { path: '/etc/b', secret: 'tls.key' },
  ],
  labels: {},
};

describe('secrets of a workload', () => {
  it('get their values', () => {
    const values = new Map([
      ['DATABASE_URL', 'postgres://'],
      ['CACHE_URL', 'redis://'],
      ['tls.key', 'pem'],
    ]);
    expect(withSecretValues(workload, values)).toEqual({ ...workload, secrets: Object.fromEntries(values) });
  });

  it('that were removed leave out their variables and files, so that pods can start', () => {
    const filled = withSecretValues(workload, new Map([['DATABASE_URL', 'postgres://']]));
    expect(filled.env.map(({ name }) => name)).toEqual(['MODE', 'DB', 'OTHER']);
    expect(filled.configFiles).toEqual([{ path: '/etc/a', content: 'a' }]);
    expect(filled.secrets).toEqual({ DATABASE_URL: 'postgres://' });
  });
});
