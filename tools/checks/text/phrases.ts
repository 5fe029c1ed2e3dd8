import type { Scope, Text } from './texts.ts';

/** A phrase that is not used in this repository, and what to write instead. */
interface Phrase {
  readonly pattern: RegExp;
  readonly scopes: readonly Scope[];
  readonly instead: string;
}

const EVERYWHERE: readonly Scope[] = ['message', 'example', 'title', 'comment', 'docs'];
const WRITTEN: readonly Scope[] = ['message', 'title', 'comment', 'docs'];
const TO_USERS: readonly Scope[] = ['message', 'docs'];

/** To add one, correct the texts that `npm run text` reports in the same change. */
export const PHRASES: readonly Phrase[] = [
  { pattern: /\bas said\b/i, scopes: EVERYWHERE, instead: 'what it means, or a link' },
  { pattern: /\bmend(s|ed|ing)?\b/i, scopes: EVERYWHERE, instead: 'fix, correct, repair' },
  { pattern: /\bhouse\b/i, scopes: EVERYWHERE, instead: 'repository, project' },
  { pattern: /\brooms\b|\b(own|same|another|which|each) room\b/i, scopes: EVERYWHERE, instead: 'project, package' },
  { pattern: /\bdoors?\b/i, scopes: EVERYWHERE, instead: 'entry point, endpoint' },
  { pattern: /\bwish(es|ed)?\b/i, scopes: EVERYWHERE, instead: 'request, task' },
  { pattern: /\bcomplain/i, scopes: EVERYWHERE, instead: 'report, refuse' },
  { pattern: /\bby itself stays\b/i, scopes: EVERYWHERE, instead: 'what stays, as subject' },
  { pattern: /\btake such\b/i, scopes: EVERYWHERE, instead: 'delete, remove' },
  { pattern: /\bmeanwhile\b/i, scopes: WRITTEN, instead: 'until then, in the meantime, at the same time' },
  {
    pattern: /(?<!\bthere )\b(is|are|was|were|be) no (?!longer\b|more than\b|terminal\b)/i,
    scopes: EVERYWHERE,
    instead: 'is not a',
  },
  { pattern: /\bthat you belong to\b/i, scopes: TO_USERS, instead: 'not found, or you are not a member' },
  { pattern: /\bat (this|the) moment\b/i, scopes: WRITTEN, instead: 'nothing, or temporarily' },
  { pattern: /\bover its time\b/i, scopes: TO_USERS, instead: 'has expired' },
  { pattern: /\bcannot be asked\b/i, scopes: TO_USERS, instead: 'is unavailable' },
  { pattern: /\bgiven up\b/i, scopes: TO_USERS, instead: 'canceled, timed out' },
  { pattern: /\bfaults? of ours\b|\bof yours\b/i, scopes: TO_USERS, instead: 'internal error, your own' },
  { pattern: /\bnot heard of\b/i, scopes: ['docs'], instead: 'has not reported' },
  { pattern: /\banew\b/i, scopes: WRITTEN, instead: 'again' },
  { pattern: /\b(goes|go|going|went) on(?! (as|top|like)\b)/i, scopes: WRITTEN, instead: 'continue' },
  { pattern: /\bby now\b/i, scopes: TO_USERS, instead: 'current' },
  {
    pattern: /\b(lies?|lay|stands?|stood) in\b(?! (front|for|the way|single)\b)/i,
    scopes: WRITTEN,
    instead: 'is in, is stored in',
  },
  // The sentence about links is a contract, which people recognize.
  { pattern: /\bhand(s|ed)? over\b(?! this link yourself)/i, scopes: TO_USERS, instead: 'give, replace' },
  { pattern: /\bbeside\b/i, scopes: TO_USERS, instead: 'next to, together with, in addition to' },
  { pattern: /\b(oneself|one['’]s)\b/i, scopes: TO_USERS, instead: 'your own, yourself' },
  { pattern: /\b(is|are) told\b|\btells\b/i, scopes: TO_USERS, instead: 'gets, shows, reports' },
  { pattern: /\bnone of these\b/i, scopes: TO_USERS, instead: 'unknown, another' },
  { pattern: /\b(when|where|if|is|are) left out\b/i, scopes: TO_USERS, instead: 'omitted, defaults to' },
  { pattern: /\bstops the start\b/i, scopes: TO_USERS, instead: 'the platform does not start' },
  { pattern: /\btak(e|es|ing|en) up\b/i, scopes: TO_USERS, instead: 'use, require' },
  { pattern: /\b(tried|begins?|continues|ends) (again )?by itself\b/i, scopes: TO_USERS, instead: 'automatically' },
  { pattern: /\bin hand\b/i, scopes: TO_USERS, instead: 'in progress, processed' },
  {
    pattern: /\bdid not answer\b|\bnothing answers\b/i,
    scopes: TO_USERS,
    instead: 'did not respond, no server responds',
  },
  { pattern: /\bgiven twice\b/i, scopes: TO_USERS, instead: 'repeated, defined twice' },
  { pattern: /\bgave no\b/i, scopes: TO_USERS, instead: 'returned no, has no' },
  { pattern: /\bsign (in|out)\b/i, scopes: TO_USERS, instead: 'log in, log out' },
  { pattern: /\b(colour|behaviour)s?\b|(?<!\/)\bcatalogue\b/i, scopes: TO_USERS, instead: 'color, behavior, catalog' },
  { pattern: /\bconjure|\bhither|\bthither|\bwherefore|\bupon\b/i, scopes: EVERYWHERE, instead: 'a plain word' },
];

/** A repeated word is a typing error, with these exceptions. */
const DOUBLED = /(?<![\w'’-])([a-z]+)\s+\1(?![\w'’:-])/gi;
const MAY_DOUBLE: ReadonlySet<string> = new Set(['that', 'had', 'long', 'a']);

/** Returns one sentence, `file:line: …`, for each banned phrase and each repeated word. */
export function phraseProblems(texts: readonly Text[]): readonly string[] {
  return texts
    .filter(({ fence }) => fence === undefined)
    .flatMap(({ file, line, scope, text }) => {
      const phrases = PHRASES.filter(({ scopes }) => scopes.includes(scope)).flatMap(({ pattern, instead }) => {
        const [found] = pattern.exec(text.replace(/\s+/g, ' ')) ?? [];
        return found === undefined ? [] : [`${file}:${line}: “${found}”; write: ${instead}`];
      });
      const doubled =
        scope === 'example'
          ? []
          : [...text.matchAll(DOUBLED)]
              .filter(([, word = '']) => !MAY_DOUBLE.has(word.toLowerCase()))
              .map(([, word]) => `${file}:${line}: “${word} ${word}” has a word twice`);
      return [...phrases, ...doubled];
    });
}
