import { join } from 'node:path';
import { parts } from '../../../apps/astroctl/src/parts.ts';
import { errorCodes } from '../../reference/errors.ts';
import { phraseProblems } from './phrases.ts';
import { textsOf } from './texts.ts';

const root = join(import.meta.dirname, '..', '..', '..');

describe('use-C10: texts are plain English', () => {
  it('without banned phrases or repeated words: errors, fixes, help, docs, comments, and test titles', () => {
    const texts = textsOf(root);
    for (const scope of ['message', 'docs', 'comment', 'title'])
      expect(texts.filter((text) => text.scope === scope).length).toBeGreaterThan(500);
    expect(phraseProblems(texts)).toEqual([]);
  });

  it('as sentences that begin with a capital letter or the name of an object, for errors of requests', () => {
    const answers = errorCodes(root).filter(({ kind, detail }) => kind !== undefined && detail !== '');
    expect(answers.length).toBeGreaterThan(100);
    const begins = /^([A-Z0-9…]|[a-z]+\/…|v…)/;
    const wrong = answers.filter(
      ({ detail }) => !begins.test(detail) || !/[.…]$/.test(detail) || /!|  |\b(please|sorry|oops)\b/i.test(detail),
    );
    expect(wrong).toEqual([]);
  });

  it('with a verb at the beginning of commands, lower case for options, and no final period, for help', () => {
    expect(parts.commands.length).toBeGreaterThan(60);
    const wrong = parts.commands.flatMap(({ path, summary, options = {} }) => [
      ...(/^[A-Z][a-z]+ .*[^.]$/.test(summary) ? [] : [`${path.join(' ')}: ${summary}`]),
      ...Object.entries(options)
        .filter(([, { help }]) => !/^([a-z]|[A-Z]+\b|[A-Z][a-z]+([A-Z]| [A-Z])).*[^.]$/.test(help))
        .map(([name, { help }]) => `${path.join(' ')} ${name}: ${help}`),
    ]);
    expect(wrong).toEqual([]);
  });
});
