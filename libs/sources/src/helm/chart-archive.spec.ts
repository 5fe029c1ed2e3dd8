import { gunzipSync, gzipSync } from 'node:zlib';
import { packChart, packMembers } from '#testing/charts';
import { readChartArchive } from './chart-archive.ts';

const WHAT = 'The archive';
const CHART = { path: 'web/Chart.yaml', content: 'name: web' };
const read = (bytes: Uint8Array) => readChartArchive(bytes, WHAT);

describe('the archive of a chart', () => {
  it('has files relative to its folder', async () => {
    const result = await read(packChart('web', '1.0.0', { 'templates/a.yaml': 'a', 'charts/db/Chart.yaml': 'b' }));
    expect(result.ok && [...result.value.files.keys()]).toEqual([
      'Chart.yaml',
      'templates/a.yaml',
      'charts/db/Chart.yaml',
    ]);
    expect(result.ok && Buffer.from(result.value.files.get('templates/a.yaml') ?? '').toString()).toBe('a');
  });

  it('D6: has no links and devices', async () => {
    const result = await read(
      packMembers([
        CHART,
        { path: 'web/templates/secret.yaml', type: 'SymbolicLink', linkpath: '/etc/passwd' },
        { path: 'web/hard', type: 'Link', linkpath: '../../etc/passwd' },
        { path: 'web/null', type: 'CharacterDevice' },
        { path: 'web/templates', type: 'Directory' },
      ]),
    );
    expect(result.ok && [...result.value.files.keys()]).toEqual(['Chart.yaml']);
    expect(result.ok && result.value.ignored).toEqual(['templates/secret.yaml', 'hard', 'null']);
  });

  it.each(['web/../../etc/cron.d/x', '/etc/cron.d/x', 'web/templates/../../x', '../x', 'web\\..\\x', 'C:/x', 'web//x'])(
    'D6: is refused with the member %s',
    async (path) =>
      expect(await read(packMembers([CHART, { path, content: 'x' }]))).toMatchObject({
        error: { code: 'sources/render-refused' },
      }),
  );

  it('D6: is refused if it unpacks to more than 100 MB, or to more than 10,000 files', async () => {
    const large = Buffer.alloc(101 * 1_048_576);
    const tooLarge = { error: { code: 'sources/source-too-large' } };
    const one = packMembers([CHART, { path: 'web/large', content: large }]);
    expect(one.length).toBeLessThan(1_048_576);
    expect(await read(one)).toMatchObject(tooLarge);
    const part = large.subarray(0, 11 * 1_048_576);
    const parts = Array.from({ length: 10 }, (_, index) => ({ path: `web/${index}`, content: part }));
    expect(await read(packMembers([CHART, ...parts]))).toMatchObject(tooLarge);
    const many = Array.from({ length: 10_001 }, (_, index) => ({ path: `web/${index}` }));
    expect(await read(packMembers([CHART, ...many]))).toMatchObject(tooLarge);
  });

  it('D6: is read to its end only, whatever follows', async () => {
    const zeros = Buffer.alloc(130 * 1_048_576);
    expect(await read(gzipSync(zeros, { level: 1 }))).toMatchObject({ error: { code: 'sources/chart-invalid' } });
    const followed = gzipSync(Buffer.concat([gunzipSync(packChart('web', '1.0.0')), zeros]), { level: 1 });
    const result = await read(followed);
    expect(result.ok && [...result.value.files.keys()]).toEqual(['Chart.yaml']);
  });

  it.each([
    ['text', Buffer.from('<html>')],
    ['nothing', Buffer.alloc(0)],
    ['half an archive', packChart('web', '1.0.0', { a: 'x'.repeat(5_000) }).subarray(0, 100)],
    ['compressed text', gzipSync('x'.repeat(2_000))],
    ['an archive without Chart.yaml', packMembers([{ path: 'web/a', content: 'x' }])],
    ['a Chart.yaml outside of a folder', packMembers([{ path: 'Chart.yaml', content: 'name: web' }])],
    [
      'a file that is a folder',
      packMembers([CHART, { path: 'web/a', content: 'x' }, { path: 'web/a/b', content: 'x' }]),
    ],
  ])('is not %s', async (_, bytes) => {
    expect(await read(bytes)).toMatchObject({ error: { code: 'sources/chart-invalid', fix: expect.any(String) } });
  });
});
