import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { AuditSink } from '#runtime';
import { systemIds as ids } from '#runtime/system';
import { temporaryFolder } from '#testing';
import { HeadSink } from './head-sink.service.ts';

const NAME = 'a0000000-0000-7000-8000-000000000001/00000000000000000004.checkpoint';
const note = 'astro.acme.dev/audit/1\n4\nAAAA\n\n— astro.acme.dev/audit/1 BBBB\n';
const sinkOf = (auditSink: AuditSink | undefined) => new HeadSink({ configuration: { auditSink } }, ids);

/** A bucket with conditional writes. Signatures are not verified, but requests without one are refused. */
function startBucket(): {
  readonly server: Server;
  readonly objects: Map<string, string>;
  readonly requests: IncomingMessage[];
} {
  const objects = new Map<string, string>();
  const requests: IncomingMessage[] = [];
  const server = createServer(async (request, response) => {
    requests.push(request);
    const { method, headers, url = '' } = request;
    let body = '';
    for await (const part of request) body += String(part);
    if (!headers.authorization?.includes('/eu-west-1/s3/aws4_request')) return void response.writeHead(403).end();
    if (method === 'GET' && url.includes('/unlisted/'))
      return void response.writeHead(403).end('<Error><Code>AccessDenied</Code></Error>');
    if (method === 'GET') return void response.writeHead(objects.has(url) ? 200 : 404).end(objects.get(url));
    if (headers['if-none-match'] !== '*') return void response.writeHead(400).end();
    if (objects.has(url)) return void response.writeHead(412).end();
    objects.set(url, body);
    return void response.writeHead(200).end();
  });
  return { server, objects, requests };
}

describe('the place where heads are published', () => {
  describe('a folder', () => {
    const folder = join(temporaryFolder(), 'heads');
    const sink = sinkOf({ kind: 'folder', path: folder });

    it('gets each head as a file, which is never overwritten', async () => {
      expect(await sink.write(NAME, note)).toBe('written');
      expect(readFileSync(join(folder, NAME), 'utf8')).toBe(note);
      expect(await sink.write(NAME, note)).toBe('same');
      expect(await sink.write(NAME, note.replace('AAAA', 'CCCC'))).toBe('different');
      expect(readFileSync(join(folder, NAME), 'utf8')).toBe(note);
      expect(readdirSync(join(folder, NAME, '..'))).toHaveLength(1);
    });

    it('is checked without writing to it', async () => {
      expect(await sink.check()).toMatchObject({ status: 'ok', fix: null });
      const file = join(folder, 'file');
      writeFileSync(file, '');
      expect(await sinkOf({ kind: 'folder', path: file }).check()).toMatchObject({
        status: 'failed',
        message: expect.stringContaining('EEXIST'),
      });
    });

    it('keeps the signatures that witnesses have added', async () => {
      const name = NAME.replace('4.', '5.');
      mkdirSync(join(folder, name, '..'), { recursive: true });
      writeFileSync(join(folder, name), `${note}— witness.example CCCC\n`);
      expect(await sink.write(name, note)).toBe('same');
    });
  });

  describe('a bucket', () => {
    const { server, objects, requests } = startBucket();
    let bucket: AuditSink & { readonly kind: 's3' };
    beforeAll(async () => {
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      const { port } = server.address() as AddressInfo;
      bucket = {
        kind: 's3',
        url: `http://127.0.0.1:${port}/astro/heads`,
        accessKeyId: 'AKIAEXAMPLE',
        secretAccessKey: 'canary-secret',
        region: 'eu-west-1',
      };
    });
    afterAll(() => new Promise((resolve) => server.close(resolve)));

    it('gets each head as an object, which is never overwritten', async () => {
      const sink = sinkOf(bucket);
      expect(await sink.write(NAME, note)).toBe('written');
      expect(objects.get(`/astro/heads/${NAME}`)).toBe(note);
      expect(await sink.write(NAME, note)).toBe('same');
      expect(await sink.write(NAME, note.replace('AAAA', 'CCCC'))).toBe('different');
      expect(objects.get(`/astro/heads/${NAME}`)).toBe(note);
      for (const { headers } of requests) expect(JSON.stringify(headers)).not.toContain('canary-secret');
    });

    it('is checked without writing to it', async () => {
      const before = objects.size;
      expect(await sinkOf(bucket).check()).toMatchObject({ status: 'ok', fix: null });
      expect(objects.size).toBe(before);
      for (const wrong of [{ region: 'elsewhere' }, { url: 'http://127.0.0.1:1/astro' }])
        expect(await sinkOf({ ...bucket, ...wrong }).check()).toMatchObject({
          status: 'failed',
          fix: 'check ASTRO_AUDIT_SINK and its permissions',
        });
    });

    it('is not reported as unusable if only the list of its objects is refused', async () => {
      const unlisted = { ...bucket, url: bucket.url.replace('/heads', '/unlisted') };
      expect(await sinkOf(unlisted).check()).toMatchObject({
        status: 'warn',
        message: expect.stringContaining('(AccessDenied), but may accept heads'),
      });
      expect(await sinkOf(unlisted).write(NAME, note)).toBe('written');
    });

    it('is reported if it refuses or does not respond', async () => {
      await expect(sinkOf({ ...bucket, region: 'elsewhere' }).write(NAME, note)).rejects.toThrow('responds 403 to PUT');
      await expect(sinkOf({ ...bucket, url: 'http://127.0.0.1:1/astro' }).write(NAME, note)).rejects.toThrow();
    });
  });

  it('is optional', async () => {
    expect(await sinkOf(undefined).check()).toMatchObject({ status: 'warn' });
    expect(sinkOf(undefined).isConfigured).toBe(false);
  });
});
