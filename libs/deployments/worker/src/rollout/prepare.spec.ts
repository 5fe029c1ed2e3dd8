import type { ResolvedSpec, RolloutTask } from '#deployments/contract';
import { domainError, silentLogger } from '#kernel';
import { systemClock, systemIds } from '#runtime/system';
import { encodeText } from '#vault';
import { ReportRefusedError, type ReportedStep } from './claim.worker.ts';
import { prepare } from './prepare.worker.ts';
import { ManifestRenderer } from './renderer.worker.ts';
import type { Run } from './run.worker.ts';

const ingress = JSON.stringify({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'Ingress',
  metadata: { name: 'web' },
  spec: {
    rules: [{ host: 'www.acme.dev', http: { paths: [{ path: '/', pathType: 'Prefix', backend: service('web') }] } }],
  },
});
const source: ResolvedSpec['source'] = { type: 'yaml', manifests: ingress, labels: {} };
const task = {
  applicationId: 'app-1',
  organizationId: 'org-1',
  applicationName: 'web',
  attemptNumber: 1,
  attemptId: 'attempt-1',
  targetNamespace: 'acme-web',
  namespaceMode: 'override',
  resolved: 'resolved/1',
  cluster: { name: 'dev', policy: { namespaces: ['*'], clusterScoped: 'deny', podSecurity: 'baseline' } },
} as unknown as RolloutTask;

function service(name: string): object {
  return { service: { name, port: { number: 80 } } };
}

describe('use-D21: an image application that needs an Ingress', () => {
  it('fails on a cluster with several IngressClasses and no default, with the fix', async () => {
    const workload = { rendering: 2, host: 'www.acme.dev', env: [], configFiles: [] };
    const record = { value: encodeText(JSON.stringify({ source: { type: 'image', workload } })), version: 1 };
    const items = ['nginx', 'traefik'].map((name) => ({ metadata: { name } }));
    const client = { version: () => Promise.resolve('v1.36.0'), list: () => Promise.resolve({ items }) };
    const run = {
      task,
      ports: { records: { get: () => Promise.resolve(record) } },
      call: (step: (of: object) => Promise<unknown>) => step(client),
      claim: { report: () => Promise.resolve(), reportWithNext: () => {} },
    } as unknown as Run; // all members that `prepare` uses until then
    await expect(prepare(run)).rejects.toMatchObject({
      failure: {
        code: 'deployments/ingress-class-unclear',
        message: 'cluster dev has several IngressClasses (nginx, traefik) and no default',
        fix: 'astroctl clusters ingress set dev --class nginx',
      },
    });
  });
});

describe('use-S9: hosts of rendered objects', () => {
  const renderer = new ManifestRenderer(systemClock, silentLogger);
  afterAll(() => renderer.onModuleDestroy());
  const told: ReportedStep[] = [];
  const runWith = (report: (step: ReportedStep) => Promise<void>): Run => {
    const record = { value: encodeText(JSON.stringify({ source })), version: 1 };
    const records = { get: () => Promise.resolve(record), put: () => Promise.resolve() };
    const discovery = () => ({ find: () => ({ namespaced: true }) });
    const ports = { records, renderer, ids: systemIds };
    const call = (step: (client: object) => Promise<unknown>) => step({ discovery });
    return { task, ports, call, claim: { report, reportWithNext: () => {} } } as unknown as Run; // all members that `prepare` uses
  };

  it('are claimed with the report of the rendered objects', async () => {
    const prepared = await prepare(runWith(async (step) => void told.push(step)));
    expect(told.at(-1)).toMatchObject({ step: 'rendered', hosts: ['www.acme.dev'] });
    expect(prepared.hosts).toEqual(['www.acme.dev']);
  });

  it('end the attempt with the error of the service when another application has one', async () => {
    const detail = 'Host www.acme.dev belongs to application/shop on cluster dev.';
    const taken = domainError('deployments/host-taken', 'conflict', detail, { fix: 'choose another host' });
    const refused = prepare(
      runWith(async ({ step }) => {
        if (step === 'rendered') throw new ReportRefusedError(taken);
      }),
    );
    await expect(refused).rejects.toMatchObject({
      failure: { code: 'deployments/host-taken', message: detail.slice(0, -1), fix: 'choose another host' },
    });
  });
});
