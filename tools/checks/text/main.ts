import { join } from 'node:path';
import { commandProblems, linkProblems, pictureProblems, scriptsOf } from './commands.ts';
import { phraseProblems } from './phrases.ts';
import { textsOf } from './texts.ts';

/** `npm run text`: checks messages, help, comments, test titles and documentation, and prints their problems. */
const root = join(import.meta.dirname, '..', '..', '..');
const texts = textsOf(root);
const problems = [
  ...phraseProblems(texts),
  ...commandProblems(texts, scriptsOf(root)),
  ...linkProblems(root, texts),
  ...pictureProblems(root, texts),
];
for (const problem of problems) console.error(problem);
process.exitCode = problems.length > 0 ? 1 : 0;
