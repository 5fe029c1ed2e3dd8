import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createLaptop } from '#cli/testing';
import { aboutRequest } from '#identity/contract';
import {
  doctorRequest,
  listProjectionsRequest,
  rebuildProjectionRequest,
  retryProjectionRequest,
  type DoctorReport,
  type ProjectionView,
} from '#operations/contract';
import { temporaryFolder } from '#testing';
import { operationsCommands } from './cli.ts';

const folder = temporaryFolder();
const projection: ProjectionView = {
  name: 'egress.v1',
  context: 'deployments',
  state: 'running',
  reason: null,
  position: 'store.00000000000000000007',
  head: 'store.00000000000000000009',
  lagEvents: 2,
  lagSeconds: 0.5,
  parked: 0,
  parkedDocuments: [],
  rebuild: null,
  leader: 'platform',
};
const rebuilding: ProjectionView = {
  ...projection,
  state: 'rebuilding',
  rebuild: { requestedAt: '2026-11-24T12:02:11Z', position: projection.position, percent: 77, failure: null },
};

function laptop() {
  const at = createLaptop(folder, { commands: operationsCommands });
  at.logIn(['acme']);
  return at;
}
const cells = (text: string) =>
  text
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/ {2,}/));

describe('admin projections', () => {
  it('lists projections with their lag, the progress of a rebuild, and, wide, position and reason', async () => {
    const at = laptop();
    const stopped: ProjectionView = { ...projection, name: 'keys.v2', state: 'stopped', reason: 'It cannot read it.' };
    at.on(listProjectionsRequest, () => ({ items: [rebuilding, stopped], unanswered: [] }));
    expect(cells((await at.run('admin projections list', { terminal: true })).stdout)).toEqual([
      ['NAME', 'SERVICE', 'STATE', 'LAG', 'LAG-SECONDS', 'PARKED'],
      ['egress.v1', 'deployments', 'rebuilding 77%', '2', '0.5', '0'],
      ['keys.v2', 'deployments', 'stopped', '2', '0.5', '0'],
    ]);
    const wide = cells((await at.run('admin projections list -o wide', { terminal: true })).stdout);
    expect(wide[2]?.slice(6)).toEqual(['store.00000000000000000007', 'platform', 'It cannot read it.']);
    expect((await at.run('admin projections list -o name', { terminal: true })).stdout).toBe(
      'projection/egress.v1\nprojection/keys.v2\n',
    );
  });

  it('rebuilds and retries with a login', async () => {
    const at = laptop();
    at.on(rebuildProjectionRequest, () => rebuilding);
    at.on(retryProjectionRequest, () => projection);
    expect(await at.run('admin projections rebuild egress.v1', { terminal: true })).toMatchObject({
      exit: 0,
      stdout: 'projection/egress.v1 rebuilding\n',
      stderr: expect.stringContaining('Progress: astroctl admin projections list'),
    });
    expect(await at.run('admin projections retry egress.v1', { terminal: true })).toMatchObject({
      exit: 0,
      stdout: 'projection/egress.v1 retried, no parked documents\n',
    });
    expect(at.sent).toMatchObject([
      { input: { name: 'egress.v1' }, credential: 'login-1' },
      { input: { name: 'egress.v1' }, credential: 'login-1' },
    ]);
  });
});

describe('admin doctor', () => {
  const report: DoctorReport = {
    status: 'failed',
    version: '1.0.0',
    time: '2026-11-24T12:02:11Z',
    services: [],
    checks: [
      { service: 'platform', name: 'vault', status: 'ok', message: 'The vault responds.', fix: null },
      { service: 'platform', name: 'bus', status: 'failed', message: 'The bus is away.', fix: 'start it' },
    ],
  };

  it('prints a table, and what to do; exits 0, as every read does', async () => {
    const at = laptop();
    at.on(doctorRequest, () => report);
    const done = await at.run('admin doctor', { terminal: true });
    expect(done.exit).toBe(0);
    expect(cells(done.stdout)).toEqual([
      ['STATUS', 'SERVICE', 'CHECK', 'MESSAGE'],
      ['ok', 'platform', 'vault', 'The vault responds.'],
      ['failed', 'platform', 'bus', 'The bus is away.'],
    ]);
    expect(done.stderr).toContain('Fix platform, bus: start it\n');
    expect(done.stderr).not.toContain('vault');
  });

  describe('without a login', () => {
    const dependencies = [
      { name: 'vault', ok: true },
      { name: 'read store', ok: false, detail: 'no reply' },
    ];
    const server = createServer((request, response) =>
      request.url === '/readyz' ? response.writeHead(503).end(JSON.stringify({ dependencies })) : response.destroy(),
    );
    let url: string;
    beforeAll(async () => {
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    });
    afterAll(() => new Promise((resolve) => server.close(resolve)));
    const about = (version: string) => ({
      name: 'Astro Platform' as const,
      version,
      publicUrl: url,
      issuer: url,
      audience: url,
      cliClientId: 'astroctl',
      consoleClientId: null,
      scope: 'openid',
      resource: null,
      contact: 'ops@acme.dev',
      profile: 'embedded' as const,
    });

    it('prints the dependencies of the gateway, and ends with the error of the login', async () => {
      const at = laptop();
      at.on(aboutRequest, () => about('1.0.0'));
      const done = await at.run(`admin doctor --api-url ${url}`);
      expect(done).toMatchObject({ exit: 4, stderr: expect.stringContaining('Login required') });
      expect(cells(done.stdout).slice(-2)).toEqual([
        ['ok', 'gateway', 'vault', 'The vault responds.'],
        ['failed', 'gateway', 'read store', 'The read store is not available (no reply).'],
      ]);
      expect(JSON.parse((await at.run(`admin doctor --api-url ${url} -o json`)).stdout)).toMatchObject({
        status: 'failed',
        version: '1.0.0',
      });
      expect(at.sent.every(({ credential }) => credential === undefined)).toBe(true);
    });

    it('reports a gateway that does not respond', async () => {
      const at = laptop();
      expect(await at.run('admin doctor')).toMatchObject({ exit: 10, stdout: '' });
      at.on(aboutRequest, () => about('1.0.0'));
      const { stdout } = await at.run(`admin doctor --api-url ${url}/elsewhere`);
      expect(cells(stdout).at(-1)).toEqual([
        'failed',
        'gateway',
        'service',
        'The gateway does not respond to /readyz.',
      ]);
    });
  });

  it('prints the whole report as JSON', async () => {
    const at = laptop();
    at.on(doctorRequest, () => report);
    expect(JSON.parse((await at.run('admin doctor -o json', { terminal: true })).stdout)).toEqual(report);
  });
});
