import { implement, type CommandDeclarations, type Options } from './command.ts';
import type { Session } from './session.ts';

const declarations = {
  copy: {
    path: ['copy'],
    summary: 'Copies',
    options: {
      name: { positional: 'required', help: 'name' },
      target: { positional: 'many', help: 'targets' },
      color: { help: 'color', value: 'color', choices: ['red', 'blue'], default: 'red' },
      size: { help: 'size', value: 'bytes' },
      label: { help: 'labels', value: 'text', repeat: true },
      'dry-run': { help: 'change nothing' },
    },
    examples: [],
  },
  rest: { path: ['rest'], summary: 'Rests', examples: [] },
} as const satisfies CommandDeclarations;

const session = {} as Session; // not used by these implementations

describe('the options of a command', () => {
  it('have the types of their declaration', async () => {
    const seen: unknown[] = [];
    const [copy] = implement(declarations, () =>
      Promise.resolve({
        copy(options) {
          const name: string = options.name;
          const target: readonly string[] = options.target;
          const color: 'red' | 'blue' = options.color;
          const size: string | undefined = options.size;
          const label: readonly string[] = options.label;
          const isDryRun: boolean = options['dry-run'];
          seen.push({ name, target, color, size, label, isDryRun });
          return Promise.resolve(0);
        },
        rest: () => Promise.resolve(0),
      }),
    );
    await copy?.run({ name: 'a', target: ['b', 'c'], dryRun: true }, session);
    await copy?.run({ name: 'a', target: [], color: 'blue', size: '1', label: ['x'], 'dry-run': true }, session);
    expect(seen).toEqual([
      { name: 'a', target: ['b', 'c'], color: 'red', size: undefined, label: [], isDryRun: false },
      { name: 'a', target: [], color: 'blue', size: '1', label: ['x'], isDryRun: true },
    ]);
  });

  it('have no other names, which the compiler checks', () => {
    const wrongName = (options: Options<typeof declarations.copy>) =>
      // @ts-expect-error The option is called dry-run.
      options.dryRun as unknown;
    const ofNone = (options: Options<typeof declarations.rest>) =>
      // @ts-expect-error The command has no options.
      options.name as unknown;
    const wrongKind = (options: Options<typeof declarations.copy>): boolean =>
      // @ts-expect-error A flag with a value is text.
      options.size;
    expect([wrongName, ofNone, wrongKind]).toHaveLength(3);
  });

  it('need an implementation for every declaration, which the compiler checks', () => {
    // @ts-expect-error The implementation of rest is missing.
    const commands = implement(declarations, () => Promise.resolve({ copy: () => Promise.resolve(0) }));
    expect(commands.map(({ path }) => path)).toEqual([['copy'], ['rest']]);
  });

  it('are read without loading the implementation', () => {
    const load = () => Promise.reject(new Error('loaded'));
    expect(implement(declarations, load).map(({ summary }) => summary)).toEqual(['Copies', 'Rests']);
  });
});
