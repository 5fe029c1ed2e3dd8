import { camelCase, pascalCase, sentence } from './words.ts';

interface Imported {
  readonly name: string;
  readonly from: string;
}

/** Parts of the texts of a new command. */
export interface SkeletonParts {
  readonly context: string;
  /** Such as `archive`. */
  readonly name: string;
  /** Such as `organization`. */
  readonly noun: string;
  readonly decider: Imported;
  readonly stream: Imported;
  /** State, error and event types of the decider. */
  readonly types: readonly Imported[];
  /** Such as `organization.archived.v1`. */
  readonly event: string;
  /** Such as `archive-organization`. */
  readonly command: string;
  /** Such as `archiveOrganizationRequest`. */
  readonly contract: string;
  readonly handlers: string;
  readonly cli: { readonly table: string; readonly commands: string; readonly group: string; readonly run: string };
}

export function decisionText({ types, command }: SkeletonParts): string {
  const [state = '', error = '', event = ''] = types.map(({ name }) => name);
  return `import { ok, type Result } from '#kernel';
${types.map(({ name, from }) => `import type { ${name} } from '${from}';`).join('\n')}

export interface ${pascalCase(command)} {
  readonly type: '${command}';
}

/** Describe the command. Return errors in the order in which users should see them. Record nothing for a repeat. */
export function ${camelCase(command)}(
  _command: ${pascalCase(command)},
  _state: ${state},
): Result<readonly ${event}[], ${error}> {
  return ok([]);
}
`;
}

export const decisionSpecText = ({
  name,
  decider,
  command,
  event,
}: SkeletonParts): string => `import type { Actor } from '#kernel';
import { specify } from '#testing';
import { ${decider.name} } from '${decider.from}';

const ada: Actor = { id: 'ada', kind: 'person', isGlobalAdmin: false };
const { given } = specify(${decider.name});

describe('${name.replaceAll('-', ' ')}', () => {
  it('records the event', () =>
    given().when({ type: '${command}' }, ada).thenRecorded({ type: '${event}', data: {} }));
});
`;

export const handlersText = ({ context, name, decider, stream, command, contract, handlers }: SkeletonParts): string =>
  `import { Caller, Input, Serves, type ContextOf, type ReplyTo } from '#bus';
import type { InputOf } from '#bus/contract';
import { COMMANDS, type CommandRunner } from '#event-sourcing';
import { ${contract} } from '#${context}/contract';
import { Controller, Inject } from '@nestjs/common';
${
  decider.from === stream.from
    ? `import { ${decider.name}, ${stream.name} } from '${decider.from}';`
    : `import { ${decider.name} } from '${decider.from}';
import { ${stream.name} } from '${stream.from}';`
}

@Controller()
export class ${handlers} {
  constructor(@Inject(COMMANDS) private readonly commands: CommandRunner) {}

  @Serves(${contract})
  async ${camelCase(name)}(
    @Input() _input: InputOf<typeof ${contract}>,
    @Caller() context: ContextOf<typeof ${contract}>,
  ): Promise<ReplyTo<typeof ${contract}>> {
    const stream = ${stream.name}(context.organizationId);
    return this.commands.reply(${decider.name}, stream, { type: '${command}' }, context, () => ({}));
  }
}
`;

export const contractText = ({
  context,
  name,
  contract,
}: SkeletonParts): string => `import { request } from '#bus/contract';
import { z } from 'zod';

export const ${contract} = request({
  subject: '${context}.v1.${name}',
  route: 'POST /v1/organizations/{org}/${name}',
  summary: '${sentence(name)}',
  permission: 'organization.change',
  input: z.strictObject({ org: z.string().min(1) }),
  output: z.strictObject({}),
  organizationOf: ({ org }) => org,
  timeoutMs: 5_000,
});
`;

export const cliText = ({ context, name, noun, contract, cli }: SkeletonParts): string =>
  `import { isCommandError, type Options, type Outcome, type Session } from '#cli';
import { ${contract} } from '#${context}/contract';
import type { ${cli.table} } from './commands.cli.ts';

/** Runs \`${cli.group} ${name}\`. */
export async function ${cli.run}(_options: Options<typeof ${cli.table}.${cli.run}>, session: Session): Promise<Outcome> {
  const org = await session.organization();
  if (isCommandError(org)) return org;
  const done = await session.call(${contract}, { org });
  if (!done.ok) return done.failure;
  session.print.line('${noun} changed');
  return 0;
}
`;

export const cliSpecText = ({ context, name, noun, contract, cli }: SkeletonParts): string =>
  `import { createLaptop } from '#cli/testing';
import { ${contract} } from '#${context}/contract';
import { temporaryFolder } from '#testing';
import { ${cli.commands} } from './cli.ts';

const folder = temporaryFolder();

it('${cli.group} ${name} sends the request for the current organization', async () => {
  const laptop = createLaptop(folder, { commands: ${cli.commands} });
  laptop.logIn(['acme']);
  laptop.on(${contract}, () => ({}));
  expect(await laptop.run('${cli.group} ${name}')).toMatchObject({ exit: 0, stdout: '${noun} changed\\n' });
  expect(laptop.sent[0]?.input).toEqual({ org: 'id-of-acme' });
});
`;
