import { csvLine } from './csv.ts';

describe('a line of CSV', () => {
  it.each([
    ['=HYPERLINK("https://evil.example")', `"'=HYPERLINK(""https://evil.example"")"`],
    ['+1+cmd|calc', "'+1+cmd|calc"],
    ['-2+3', "'-2+3"],
    ['@SUM(A1)', "'@SUM(A1)"],
    ['\t=1', "'\t=1"],
    ['\r=1', `"'\r=1"`],
  ])('C13: quotes the formula %j', (cell, quoted) => expect(csvLine(['x', cell])).toBe(`x,${quoted}\r\n`));

  it('quotes commas, quotation marks, and line breaks as RFC 4180 says', () =>
    expect(csvLine(['a,b', 'say "hi"', 'two\nlines', null, 3, '', "it's"])).toBe(
      '"a,b","say ""hi""","two\nlines",,3,,it\'s\r\n',
    ));
});
