import { reply } from '#bus';
import {
  applicationStatusRequest,
  getApplicationRequest,
  getClusterIngressRequest,
  liveStatusRequest,
  setClusterIngressRequest,
} from '#deployments/contract';
import { entry, image } from '../testing/fixtures.ts';
import { givenPlatform, ORG } from '../testing/given-platform.service.ts';

describe('use-D21: ingress settings of a cluster', () => {
  const given = givenPlatform({ members: { ada: 'owner', grace: 'editor' } });
  const set = (change: object, context = given.by('ada')) =>
    given.platform.ask(setClusterIngressRequest, { org: ORG, name: 'dev', ...change }, context);
  const web = image('web', '1', {}, { externalAccess: {} });

  it('apply to all applications that are applied afterwards, and are part of their revisions', async () => {
    expect(await given.apply('web', web)).toMatchObject({ ok: false, error: { code: 'deployments/manifest-invalid' } });
    expect(await set({ class: 'nginx', domain: 'apps.acme.dev', tls: 'issuer:letsencrypt' })).toMatchObject({
      ok: true,
      value: { class: 'nginx', domain: 'apps.acme.dev', tls: 'issuer:letsencrypt', annotations: {} },
    });
    expect(await given.apply('web', web)).toMatchObject({ ok: true, value: { outcome: 'created' } });
    expect(await given.apply('web', web)).toMatchObject({ ok: true, value: { outcome: 'unchanged' } });
    await set({ tls: 'none' });
    expect(await given.apply('web', web)).toMatchObject({
      ok: true,
      value: {
        outcome: 'configured',
        changes: ['tlsSecret removed', 'ingressAnnotation cert-manager.io/cluster-issuer removed'],
      },
    });
    await given.platform.settled();
    expect(await given.platform.ask(getApplicationRequest, { org: ORG, name: 'web' }, given.by('ada'))).toMatchObject({
      ok: true,
      value: { version: 'v2' },
    });
  });

  it('are returned with the revision that If-Match compares', async () => {
    const read = () => given.platform.ask(getClusterIngressRequest, { org: ORG, name: 'dev' }, given.by('grace'));
    expect(await read()).toMatchObject({
      ok: true,
      value: { class: null, domain: null, tls: 'none', annotations: {} },
      meta: { revision: 1 },
    });
    expect(await set({ class: 'nginx' }, { ...given.by('ada'), ifMatch: 1 })).toMatchObject({ ok: true });
    expect(await set({ class: 'traefik' }, { ...given.by('ada'), ifMatch: 1 })).toMatchObject({ ok: false });
    expect(await read()).toMatchObject({ ok: true, value: { class: 'nginx' }, meta: { revision: 2 } });
  });

  it.each([
    { tls: 'letsencrypt' },
    { tls: 'secret:' },
    { class: 'Not A Name' },
    { domain: 'https://apps.acme.dev' },
    { annotations: { 'nginx.ingress.kubernetes.io/server-snippet': 'return 200;' } },
    { annotations: { 'not a key': 'x' } },
  ])('are validated: %j', (change) => {
    expect(setClusterIngressRequest.input.safeParse({ org: ORG, name: 'dev', ...change })).toMatchObject({
      success: false,
    });
  });
});

describe('the status of an application with external access', () => {
  let externalAccess: string[] = [];
  const given = givenPlatform({
    answers: { [liveStatusRequest.subject]: () => reply({ replicas: '1/1', pods: [], externalAccess }) },
  });
  const status = async () => {
    const found = await given.platform.ask(applicationStatusRequest, { org: ORG, name: 'web' }, given.by('ada'));
    if (!found.ok) throw new Error(found.error.code);
    return found.value;
  };

  it('says that the address, DNS, or the certificate is missing, without a change of health', async () => {
    await given.apply('web', image('web', '1'));
    await given.worker.deploy([entry('Deployment', 'web')]);
    await given.platform.settled();
    const present = await status();
    expect(present).toMatchObject({ status: 'RUNNING' });
    expect(present).not.toHaveProperty('externalAccess');
    externalAccess = ['DNS has no record for web.acme.dev', 'the certificate (Secret web-tls) is missing'];
    const message = [present.message ?? [], externalAccess].flat().join('; ');
    expect(await status()).toEqual({ ...present, message, externalAccess });
  });
});
