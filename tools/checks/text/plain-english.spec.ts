import { join } from 'node:path';
import { parts } from '../../../apps/astroctl/src/parts.ts';
import { errorCodes } from '../../reference/errors.ts';
import { phraseProblems } from './phrases.ts';
import { textsOf } from './texts.ts';

const root = join(import.meta.dirname, '..', '..', '..');

describe('use-C10: what people read is plain English', () => {
  it('has no banned phrase and no word twice: errors, fixes, help, docs, comments, and test titles', () => {
    const texts = textsOf(root);
    for (const scope of ['message', 'docs', 'comment', 'title'])
      expect(texts.filter((text) => text.scope === scope).length).toBeGreaterThan(500);
    expect(phraseProblems(texts)).toEqual([]);
  });

  it('an error that answers a request is a sentence, which begins with a capital letter or the name of an object', () => {
    const answers = errorCodes(root).filter(({ kind, detail }) => kind !== undefined && detail !== '');
    expect(answers.length).toBeGreaterThan(100);
    const begins = /^([A-Z0-9…]|[a-z]+\/…|v…)/;
    const wrong = answers.filter(
      ({ detail }) => !begins.test(detail) || !/[.…]$/.test(detail) || /!|  |\b(please|sorry|oops)\b/i.test(detail),
    );
    expect(wrong).toEqual([]);
  });

  it('help begins with a verb for a command, in lower case for an option, and ends without a full stop', () => {
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
