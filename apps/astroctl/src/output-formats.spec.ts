import { cpSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Contract } from '#bus/contract';
import type { CliCommand } from '#cli';
import { createLaptop, type Laptop } from '#cli/testing';
import { applicationStatusRequest, getRevisionRequest } from '#deployments/contract';
import { ROUTED_CONTRACTS } from '#gateway';
import { domainError } from '#kernel';
import { temporaryFolder } from '#testing';
import { parseAllDocuments } from 'yaml';
import { z } from 'zod';
import { parts } from './parts.ts';

const folder = temporaryFolder();
const root = join(import.meta.dirname, '..', '..', '..');

/** Commands with one output format, or that communicate with other programs than the platform, and why. */
const ONE_FORM: Readonly<Record<string, string>> = {
  'app open': 'opens a browser; tested with its own spec',
  'app set': 'changes a manifest; tested with its own spec',
  'app diff': 'ends with 1 for a difference; tested with its own spec',
  'audit export': 'prints JSON lines for verification; tested end to end',
  'audit prove': 'prints JSON for verification; tested end to end',
  'auth login': 'stores a key and prints nothing',
  'auth logout': 'prints nothing',
  'clusters register': 'runs kubectl',
  'clusters set-context': 'changes a kubeconfig and prints nothing',
  'clusters delete-context': 'changes a kubeconfig and prints nothing',
  completion: 'prints a script',
  install: 'writes a launcher and prints nothing',
  'credentials set': 'reads a secret from standard input; tested with its own spec',
  'key report': 'reads a key from standard input; tested with its own spec',
  'kube-token': 'prints what kubectl reads',
  'org use': 'prints nothing',
};

/** Returns the words of an example up to the first pipe, redirection or second command. */
const wordsOf = ({ examples }: CliCommand): readonly string[] => {
  const [line = ''] = examples.filter((example) => example.startsWith('astroctl '));
  const plain = line.split(/ (?:\||>|<|&&) /)[0] ?? '';
  return [...plain.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)].slice(1).map(([, a, b, c]) => a ?? b ?? c ?? '');
};

const tested = parts.commands
  .filter(({ hidden }) => !hidden)
  .map((command) => [command.path.join(' '), command] as const)
  .filter(([name]) => !(name in ONE_FORM));

/** Returns a value that matches a schema. Strings are `v1` if that matches, and states are running. */
function sampleOf(schema: unknown, name = ''): unknown {
  const {
    type,
    const: fixed,
    enum: choices,
    anyOf,
    oneOf,
    properties,
    items,
    minimum,
    pattern = '',
  } = schema as {
    readonly type?: string | readonly string[];
    readonly const?: unknown;
    readonly enum?: readonly unknown[];
    readonly anyOf?: readonly unknown[];
    readonly oneOf?: readonly unknown[];
    readonly properties?: Readonly<Record<string, unknown>>;
    readonly items?: unknown;
    readonly minimum?: number;
    readonly pattern?: string;
  };
  if (fixed !== undefined) return fixed;
  if (choices) return choices.includes('RUNNING') ? 'RUNNING' : choices[0];
  if (name === 'attempt') return null;
  const [first] = anyOf ?? oneOf ?? [];
  if (first !== undefined) return sampleOf(first, name);
  switch (typeof type === 'string' ? type : type?.[0]) {
    case 'object':
      return Object.fromEntries(Object.entries(properties ?? {}).map(([key, value]) => [key, sampleOf(value, key)]));
    case 'array':
      return [sampleOf(items)];
    case 'integer':
    case 'number':
      return minimum ?? 1;
    case 'boolean':
      return true;
    case 'string':
      if (/At$|expires|since|time|last|when/i.test(name)) return '2026-01-01T00:00:00.000Z';
      return ['v1', 'none', 'Database', 'status.phase'].find((text) => new RegExp(pattern).test(text));
    default:
      return {};
  }
}

function laptopOf(): Laptop {
  const laptop = createLaptop(folder, parts);
  laptop.logIn(['acme'], { login: { accessToken: 'login', expiresAt: '2027-01-01T00:00:00Z' } });
  cpSync(join(root, 'examples'), join(laptop.folder, 'examples'), { recursive: true });
  cpSync(join(root, 'examples'), join(laptop.folder, 'deploy'), { recursive: true });
  cpSync(join(root, 'examples', 'hello-world.yaml'), join(laptop.folder, 'web.yaml'));
  writeFileSync(join(laptop.folder, 'health.yaml'), 'kinds: []');
  for (const contract of ROUTED_CONTRACTS as readonly Contract[]) {
    const schema = z.toJSONSchema(contract.output, { io: 'input', unrepresentable: 'any' });
    if (contract.kind === 'stream') laptop.onStream(contract, () => [sampleOf(schema)] as never);
    else
      laptop.on(contract, (given) => {
        const input = given as Readonly<Record<string, unknown>>;
        const sample = sampleOf(schema) as Record<string, unknown>;
        if ('next' in sample) delete sample['next'];
        if (contract.subject === getRevisionRequest.subject) sample['hidden'] = 0;
        return {
          ...sample,
          ...('name' in sample && typeof input['name'] === 'string' && { name: input['name'] }),
        } as never;
      });
  }
  return laptop;
}

describe('use-C4: the output of commands', () => {
  it.each(tested)('is JSON, YAML or names: %s', async (name, command) => {
    const words = [...wordsOf(command), '-y'].filter((word) => word !== '--wait' && word !== '-w' && word !== '-f-');
    const run = async (format: string) => {
      const laptop = laptopOf();
      if (name === 'app delete')
        laptop.on(applicationStatusRequest, () => domainError('x/not-found', 'not-found', 'It is gone.'));
      const stdin = name === 'app secrets set' ? { stdin: 'a value' } : {};
      const done = await laptop.run([...words, '-o', format], stdin);
      expect({ exit: done.exit, stderr: done.exit === 0 ? '' : done.stderr }).toEqual({ exit: 0, stderr: '' });
      return done.stdout;
    };
    const json = await run('json');
    const values = isJson(json) ? [json] : json.trimEnd().split('\n');
    expect(values.map(isJson)).toEqual(values.map(() => true));
    const documents = parseAllDocuments(await run('yaml')) as { errors: unknown[]; toJS(): unknown }[];
    expect(documents.flatMap(({ errors }) => errors)).toEqual([]);
    expect(documents.every((document) => typeof document.toJS() === 'object')).toBe(true);
    const names = await run('name');
    expect(names.trimEnd().split('\n')).toEqual(
      names
        .trimEnd()
        .split('\n')
        .map(() => expect.stringMatching(/^[a-z0-9-]+\/\S+$/)),
    );
    expect(await run('wide')).not.toBe('');
  });

  it('has exceptions only for existing commands', () =>
    expect(Object.keys(ONE_FORM).filter((name) => !parts.commands.some(({ path }) => path.join(' ') === name))).toEqual(
      [],
    ));
});

function isJson(text: string): boolean {
  try {
    return typeof JSON.parse(text) === 'object';
  } catch {
    return false;
  }
}
