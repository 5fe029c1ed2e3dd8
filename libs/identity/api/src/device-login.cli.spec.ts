import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { OutputOf } from '#bus/contract';
import { loginRequest } from '#access-keys/contract';
import { createLaptop, type Laptop } from '#cli/testing';
import { aboutRequest } from '#identity/contract';
import { listOrganizationsRequest, listOwnInvitationsRequest } from '#organizations/contract';
import { temporaryFolder } from '#testing';
import { identityCommands, identityGroups } from './cli.ts';

const folder = temporaryFolder();

/** Response of the issuer to a poll. */
type ResponseBody = Readonly<Record<string, unknown>>;
const pending = { error: 'authorization_pending' };
const granted = { access_token: 'token-of-ada', token_type: 'bearer', expires_in: 600 };

describe('auth login by the device grant', () => {
  let issuer: Server;
  let url: string;
  let responses: ResponseBody[];
  let requests: URLSearchParams[];
  let laptop: Laptop;

  beforeEach(async () => {
    responses = [pending, granted];
    requests = [];
    issuer = createServer((request, response) => {
      const parts: Buffer[] = [];
      request.on('data', (part: Buffer) => parts.push(part));
      request.on('end', () => {
        if (request.method === 'POST') requests.push(new URLSearchParams(Buffer.concat(parts).toString()));
        const body = respondTo(request.url ?? '/');
        response
          .writeHead('error' in body ? 400 : 200, { 'content-type': 'application/json' })
          .end(JSON.stringify(body));
      });
    });
    await once(issuer.listen(0, '127.0.0.1'), 'listening');
    url = `http://127.0.0.1:${(issuer.address() as AddressInfo).port}/`; // it listens on TCP
    laptop = createLaptop(folder, { commands: identityCommands, groups: identityGroups });
    about({});
    laptop.on(listOrganizationsRequest, () => ({ items: [] }));
    laptop.on(listOwnInvitationsRequest, () => ({ items: [] }));
    laptop.on(loginRequest, () => ({ userId: 'user-ada', organization, key }));
  });
  afterEach(async () => {
    issuer.closeAllConnections();
    await new Promise((resolve) => issuer.close(resolve));
  });

  const organization = { id: 'id-of-acme', slug: 'acme', name: 'Acme', role: 'owner', created: true } as const;
  const key = {
    id: 'key_1',
    name: 'laptop',
    key: 'astro_abcd...wxyz',
    source: 'login',
    status: 'ACTIVE',
    role: 'owner',
    memberId: 'user-ada',
    owner: 'ada@acme.dev',
    createdAt: '2026-01-01T00:00:00.000Z',
    expires: null,
    lastUsed: null,
    leakedAt: null,
    secret: 'the secret key',
  } as const;
  const about = (more: Partial<OutputOf<typeof aboutRequest>>) =>
    laptop.on(aboutRequest, () => ({
      name: 'Astro Platform' as const,
      version: '1.0.0',
      publicUrl: 'http://127.0.0.1:8080',
      issuer: url,
      audience: 'https://astro.acme.dev/api',
      cliClientId: 'native-app',
      consoleClientId: null,
      scope: 'openid profile email offline_access',
      resource: 'https://astro.acme.dev/api',
      contact: 'root@acme.dev',
      profile: 'embedded' as const,
      ...more,
    }));
  const respondTo = (path: string): ResponseBody => {
    if (path.includes('.well-known'))
      return { issuer: url, device_authorization_endpoint: `${url}device`, token_endpoint: `${url}token` };
    if (path === '/device')
      return {
        device_code: 'd',
        user_code: 'WDJB-MJHT',
        verification_uri: `${url}activate`,
        expires_in: 600,
        interval: 0.01,
      };
    return responses.shift() ?? pending;
  };

  it('use-I6: requests scope, audience, and resource as the platform specifies, and stores the key', async () => {
    const { exit, stderr } = await laptop.run('auth login --no-browser');
    expect({ exit, stderr }).toEqual({
      exit: 0,
      stderr: expect.stringContaining(`Open ${url}activate and enter the code WDJB-MJHT`) as unknown,
    });
    expect(Object.fromEntries(requests[0] ?? [])).toEqual({
      client_id: 'native-app',
      scope: 'openid profile email offline_access',
      audience: 'https://astro.acme.dev/api',
      resource: 'https://astro.acme.dev/api',
    });
    expect(laptop.sent.at(-1)).toMatchObject({ subject: loginRequest.subject, credential: 'token-of-ada' });
    expect(laptop.config()).toContain('the secret key');
    expect(laptop.sent.filter(({ subject }) => subject === listOrganizationsRequest.subject)).toHaveLength(1);
  });

  it('use-I6: sends no resource if the platform specifies none', async () => {
    about({ resource: null, scope: 'openid api://astro/access' });
    expect((await laptop.run('auth login --no-browser')).exit).toBe(0);
    expect(requests[0]?.has('resource')).toBe(false);
    expect(requests[0]?.get('scope')).toBe('openid api://astro/access');
  });

  it.each([
    ['access_denied', 'The login was denied.'],
    ['expired_token', 'The code has expired.'],
    ['invalid_scope', 'The issuer refused the login (invalid_scope).'],
  ])('reports why the issuer rejected it: %s', async (error, sentence) => {
    responses = [{ error }];
    const { exit, stderr } = await laptop.run('auth login --no-browser');
    expect({ exit, stderr }).toEqual({ exit: 4, stderr: expect.stringContaining(`Error: ${sentence}\n`) as unknown });
    expect(laptop.sent.map(({ subject }) => subject)).toEqual([aboutRequest.subject]);
  });

  it('reports that the issuer cannot be used, with its address', async () => {
    about({ issuer: 'http://127.0.0.1:9/' });
    const { exit, stderr } = await laptop.run('auth login --no-browser');
    expect({ exit, stderr }).toEqual({ exit: 10, stderr: expect.stringContaining('http://127.0.0.1:9/') as unknown });
  });
});
