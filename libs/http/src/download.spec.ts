import { inProcessTransport } from '#bus/in-process';
import { manualClock, temporaryFolder } from '#testing';
import { startEdge, type Edge } from './edge.fixture.ts';

const folder = temporaryFolder();
let edge: Edge;
beforeAll(async () => {
  edge = await startEdge(inProcessTransport(), folder, { clock: manualClock() });
});
afterAll(() => edge.close());
const get = (path: string, accept?: string) =>
  edge.send('GET', `/v1/organizations/acme/${path}`, { key: 1, ...(accept !== undefined && { headers: { accept } }) });

describe('a download', () => {
  it('is text with a line for each item', async () => {
    const { status, headers, text } = await get('lines?count=3', 'text/csv');
    expect([status, headers['content-type'], headers['x-request-id']]).toEqual([
      200,
      'text/csv; charset=utf-8',
      expect.any(String),
    ]);
    expect(text.split('\r\n').map((line) => line.slice(0, 2))).toEqual(['n', '1,', '2,', '3,', '']);
  });

  it('is complete for a client that reads more slowly than items are produced', async () => {
    const { text } = await get('lines?count=3000');
    expect(text.split('\r\n')).toHaveLength(3_002);
  });

  it('has only its head if there are no items', async () => expect((await get('lines?count=0')).text).toBe('n\r\n'));

  it('is server-sent events, or JSON in a format that is none, for clients that ask for it', async () => {
    expect((await get('lines?count=1', 'text/event-stream')).text).toContain('data: 1\n');
    expect((await get('lines?count=2&format=none')).body).toEqual({ items: [1, 2] });
  });

  it('is a problem if it is refused before the first item, and has no end if it fails later', async () => {
    expect(await get('lines?count=3&fault=1')).toMatchObject({ status: 404, body: { code: 'fixture/removed' } });
    await expect(get('lines?count=3&fault=3')).rejects.toThrow();
  });
});

describe('a page of a stream', () => {
  it('ends with a signed cursor, which continues it', async () => {
    const first = await get('pages');
    expect(first.body).toMatchObject({ items: [{ position: '1' }, { position: '2' }], next: expect.any(String) });
    const second = await get(`pages?cursor=${first.body.next}`);
    expect(second.body.items).toEqual([{ position: '3' }, { position: '4' }]);
    const third = await get(`pages?cursor=${second.body.next}`);
    expect(third.body).toEqual({ items: [{ position: '5' }, { position: '6' }] });
    expect(await get('pages?cursor=2')).toMatchObject({ status: 400, body: { code: 'edge/cursor-invalid' } });
  });

  it('is signed in server-sent events too', async () => {
    const { text } = await get('pages', 'text/event-stream');
    const [, next] = /data: \{"next":"([^"]+)"\}/.exec(text) ?? [];
    expect((await get(`pages?cursor=${next}`)).body.items).toEqual([{ position: '3' }, { position: '4' }]);
  });
});
