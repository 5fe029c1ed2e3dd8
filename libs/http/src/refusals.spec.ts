import type { Refusal } from '#bus';
import { inProcessTransport } from '#bus/in-process';
import { domainError, type DomainError } from '#kernel';
import { eventually, temporaryFolder } from '#testing';
import { ORG, OTHER_ORG, startEdge, type Edge } from './edge.fixture.ts';
import { problemOf } from './problem.ts';

const folder = temporaryFolder();
const refusals: Refusal[] = [];
let edge: Edge;
beforeAll(async () => {
  edge = await startEdge(inProcessTransport(), folder, {
    refusals: { refused: (refusal) => void refusals.push(refusal) },
  });
});
afterAll(() => edge.close());
beforeEach(() => void refusals.splice(0));

const things = '/v1/organizations/acme/things';

describe('use-L11: a denied request is recorded once', () => {
  it('by the edge before a body is read, with principal, operation, organization, and code', async () => {
    const { headers } = await edge.send('PUT', `${things}/web`, { key: 3, json: {} });
    expect(refusals).toEqual([
      {
        subject: 'fixture.v1.put',
        permission: 'application.deploy',
        principal: expect.objectContaining({ kind: 'key', memberId: 'vic' }),
        organizationId: ORG,
        code: 'access/not-permitted',
        correlationId: headers['x-request-id'],
        atMs: expect.any(Number),
      },
    ]);
  });

  it('by the service if there is no body', async () => {
    await edge.send('DELETE', `${things}/web`, { key: 3 });
    expect(refusals).toMatchObject([
      { subject: 'fixture.v1.remove', organizationId: ORG, code: 'access/not-permitted' },
    ]);
  });

  it('by the service if its decision denies what the role permits', async () => {
    await edge.send('POST', `${things}/web/act`, { json: { how: 'forbid' } });
    expect(refusals).toMatchObject([{ subject: 'fixture.v1.act', organizationId: ORG, code: 'fixture/protected' }]);
  });

  it('for the requested organization if the key belongs to another', async () => {
    await edge.send('GET', '/v1/organizations/other/things/web');
    expect(refusals).toMatchObject([{ organizationId: OTHER_ORG, code: 'organization/not-found' }]);
  });

  it('for the organization of the key if it was revoked, or its member has left', async () => {
    await edge.send('GET', `${things}/web`, { key: 4 });
    await edge.send('GET', `${things}/web`, { key: 5 });
    expect(refusals).toMatchObject([
      { organizationId: ORG, code: 'key/revoked', principal: { memberId: 'ada', keyId: 'key_00000004' } },
      { organizationId: ORG, code: 'key/invalid', principal: { memberId: 'gone', keyId: 'key_00000005' } },
    ]);
  });

  it('but not for limits, conflicts, invalid input, or unknown callers', async () => {
    for (const how of ['limit', 'conflict', 'unheard-of'])
      await edge.send('POST', `${things}/web/act`, { json: { how } });
    await edge.send('GET', `${things}/web`, { key: 9 });
    await edge.send('GET', `${things}/web`, { key: false });
    expect(refusals).toEqual([]);
  });
});

describe('use-L11: a refusal of what only a global admin can do', () => {
  it('says whom to ask; one of a role keeps its own fix', async () => {
    const forAdmins = domainError('access/not-permitted', 'forbidden', 'Only a global admin can do this.');
    const forRoles = { ...forAdmins, fix: 'ask ada@acme.dev' };
    const fixOf = (error: DomainError) => JSON.parse(problemOf(error, 'request-1', 'platform@acme.dev').body).fix;
    expect([fixOf(forAdmins), fixOf(forRoles)]).toEqual(['ask platform@acme.dev', 'ask ada@acme.dev']);
  });
});

describe('use-L11: the access log', () => {
  it('contains the code of an error', async () => {
    await edge.send('GET', `${things}/web`, { key: false });
    await eventually(() =>
      expect(edge.requestsLogged).toContainEqual(
        expect.objectContaining({ status: 401, code: 'access/not-signed-in', principal: 'anonymous' }),
      ),
    );
  });
});
