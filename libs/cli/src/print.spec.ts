import { PassThrough } from 'node:stream';
import { age, createPrinter, type Format } from './print.ts';

const rows = [
  { name: 'web', ready: true, note: null },
  { name: 'a-longer-name', ready: false, note: 'two\nlines\u001b[31m' },
];
const view = {
  columns: [
    { title: 'NAME', value: (row: (typeof rows)[number]) => row.name },
    { title: 'READY', value: (row: (typeof rows)[number]) => row.ready },
    { title: 'NOTE', value: (row: (typeof rows)[number]) => row.note, wide: true },
  ],
  name: (row: (typeof rows)[number]) => `thing/${row.name}`,
  empty: 'No things.',
};

function printerOf(format: Format, quiet = false) {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const print = createPrinter({ stdout, stderr }, format, quiet);
  return { print, out: () => String(stdout.read() ?? ''), notes: () => String(stderr.read() ?? '') };
}

describe('a list', () => {
  it.each([
    ['table', 'NAME           READY\nweb            yes\na-longer-name  no\n'],
    ['wide', 'NAME           READY  NOTE\nweb            yes    -\na-longer-name  no     two lines\\u001b[31m\n'],
    ['name', 'thing/web\nthing/a-longer-name\n'],
  ] as const)('is printed as %s', async (format, expected) => {
    const { print, out } = printerOf(format);
    await print.list(rows, view);
    expect(out()).toBe(expected);
  });

  it('is printed as an object with complete items in JSON', async () => {
    const { print, out } = printerOf('json');
    await print.list(rows, view);
    expect(JSON.parse(out())).toEqual({ items: rows });
  });

  it('quotes in YAML the values that older parsers convert', async () => {
    const { print, out } = printerOf('yaml');
    await print.list([{ name: 'no', ready: true, note: null }], view);
    expect(out()).toContain('name: "no"');
  });

  it('prints a note for people on standard error when it is empty', async () => {
    const table = printerOf('table');
    await table.print.list([], view);
    expect([table.out(), table.notes()]).toEqual(['', 'No things.\n']);
    const json = printerOf('json');
    await json.print.list([], view);
    expect([JSON.parse(json.out()), json.notes()]).toEqual([{ items: [] }, '']);
  });
});

describe('one object', () => {
  const value = { name: 'web', createdAt: '2026-01-02T03:04:05.678Z', none: null, yes: true };
  it('is printed as a line per key, with aligned values and times in whole seconds', async () => {
    const { print, out } = printerOf('table');
    await print.one(value, { lines: ['name', 'createdAt', 'none', 'yes'] });
    expect(out()).toBe(
      'name:            web\ncreatedAt:       2026-01-02T03:04:05Z\nnone:            -\nyes:             yes\n',
    );
  });
  it('keeps its times in JSON', async () => {
    const { print, out } = printerOf('json');
    await print.one(value, { lines: ['name'] });
    expect(JSON.parse(out())).toEqual(value);
  });
});

describe('notes', () => {
  it('are printed to standard error without control characters, and not with --quiet', () => {
    const loud = printerOf('table');
    loud.print.note('be\u001b]0;x\u0007ware');
    expect([loud.out(), loud.notes()]).toEqual(['', 'be\\u001b]0;x\\u0007ware\n']);
    const quiet = printerOf('table', true);
    quiet.print.note('x');
    expect(quiet.notes()).toBe('');
  });
});

describe('an age', () => {
  const now = Date.UTC(2026, 0, 10);
  it.each([
    ['2026-01-09T23:59:20Z', '40s'],
    ['2026-01-09T23:49:00Z', '11m'],
    ['2026-01-09T19:00:00Z', '5h'],
    ['2026-01-01T00:00:00Z', '9d'],
    ['2026-01-11T00:00:00Z', '0s'],
    [null, '-'],
  ])('of %s is %s', (then, expected) => expect(age(then, now)).toBe(expected));
});
