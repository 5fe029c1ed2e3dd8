import { mkdtempSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { ApiStreamError, type ApiCallOptions, type ApiClient, type ApiReply } from '#api-client';
import type { CallerInputOf, Contract, OutputOf, RequestContract, StreamContract } from '#bus/contract';
import {
  EXIT_CODES,
  hasTerminal,
  localError,
  runProgram,
  type CliCommand,
  type CliGroup,
  type CommandError,
  type Io,
} from '#cli';
import { makePrivateFolder, writePrivateFile } from '#files';
import { domainError, parsePosition, type DomainError, type ErrorKind } from '#kernel';
import { manualClock, sequenceIds, type ManualClock } from '#testing';
import { stringify } from 'yaml';

/** A request that astroctl sent. */
export interface SentRequest {
  readonly subject: string;
  readonly input: Readonly<Record<string, unknown>>;
  /** Access key or access token; absent on public routes. */
  readonly credential?: string;
  readonly dryRun?: true;
  /** Minimum position that a read requires. */
  readonly consistency?: string;
}

export interface RunOptions {
  readonly environment?: Readonly<Record<string, string>>;
  readonly stdin?: string;
  /** Whether standard input and error are a terminal. Default: false. */
  readonly terminal?: boolean;
  /** Called at each pause of the command, which then ends immediately. */
  readonly onPause?: () => void;
}

export interface Finished {
  readonly exit: number;
  readonly stdout: string;
  readonly stderr: string;
}

type Answer<C extends Contract> = (
  input: CallerInputOf<C>,
  sent: SentRequest,
) => OutputOf<C> | DomainError | Promise<OutputOf<C> | DomainError>;

/** A simulated machine with astroctl, and a platform with scripted responses. Uses no process and no network. */
export interface Laptop {
  readonly clock: ManualClock;
  /** All sent requests, in order. */
  readonly sent: readonly SentRequest[];
  /** Position that successful responses contain from now on. */
  answersAt: string | undefined;
  /** Whether successful responses say from now on that they repeat an earlier one. */
  answersRepeated: boolean;
  /** Number of device logins. */
  readonly logins: number;
  readonly folder: string;
  /** Path of the configuration file. */
  readonly configFile: string;
  /** Sets the response to a contract; a {@link DomainError} is an error response. */
  on<C extends RequestContract>(contract: C, answer: Answer<C>): void;
  /** Like `on`, for streams: sends all items, then ends. */
  onStream<C extends StreamContract>(
    contract: C,
    answer: (input: CallerInputOf<C>) => readonly OutputOf<C>[] | DomainError,
  ): void;
  /**
   * Writes the configuration that logins to these organizations produce; the key of `acme` is `key-of-acme`.
   *
   * @param more further fields of the address
   * @param top further fields of the file
   */
  logIn(
    slugs: readonly string[],
    more?: Readonly<Record<string, unknown>>,
    top?: Readonly<Record<string, unknown>>,
  ): void;
  /** Sets the owner of a key or login. Default: `user-ada`. */
  belongsTo(credential: string, userId: string): void;
  /** Returns the configuration file as text. */
  config(): string;
  /**
   * Runs astroctl.
   *
   * @param words split at spaces if it is a single text
   */
  run(words: string | readonly string[], options?: RunOptions): Promise<Finished>;
}

const STATUS: Readonly<Record<ErrorKind, number>> = {
  invalid: 422,
  unauthenticated: 401,
  forbidden: 403,
  'not-found': 404,
  conflict: 409,
  limit: 403,
  unavailable: 503,
};
const API_URL = 'http://127.0.0.1:8080';

/**
 * Creates a simulated machine.
 *
 * @param parent folder of the test, in which the machine gets a new home and current folder
 */
export function createLaptop(
  parent: string,
  program: { readonly commands: readonly CliCommand[]; readonly groups?: readonly CliGroup[] },
): Laptop {
  const folder = mkdtempSync(join(parent, 'laptop-'));
  const clock = manualClock();
  const sent: SentRequest[] = [];
  const answers = new Map<string, (input: unknown, sent: SentRequest) => unknown>();
  const configFile = join(folder, '.config', 'astropulse', 'config.yaml');
  const people = new Map<string, string>();
  let logins = 0;
  const fresh = () => new Date(clock.now() + 15 * 60_000).toISOString();

  const clientOf = (credential: string | undefined): ApiClient => ({
    async call<C extends RequestContract>(contract: C, input: CallerInputOf<C>, options: ApiCallOptions = {}) {
      const answer = await answerOf(contract, input, credential, options);
      const reply: ApiReply<OutputOf<C>> = isDomainError(answer)
        ? { ok: false, error: answer, status: STATUS[answer.kind], requestId: 'request-1' }
        : { ok: true, value: contract.output.parse(answer) as OutputOf<C>, meta: metaNow() }; // parsed by this contract
      return reply;
    },
    async *stream<C extends StreamContract>(
      contract: C,
      input: CallerInputOf<C>,
      _signal?: AbortSignal,
      options: ApiCallOptions = {},
    ) {
      const answer = await answerOf(contract, input, credential, options);
      if (isDomainError(answer)) throw new ApiStreamError({ ok: false, error: answer });
      yield* answer as readonly OutputOf<C>[]; // typed by the test in `onStream`
    },
  });

  const metaNow = () => {
    const position = parsePosition(laptop.answersAt ?? '');
    return {
      ...(position.ok && { position: position.value }),
      ...(laptop.answersRepeated && { repeated: true }),
    };
  };

  function answerOf(
    contract: Contract,
    input: unknown,
    credential: string | undefined,
    { dryRun, consistency }: ApiCallOptions,
  ): unknown {
    const request: SentRequest = {
      subject: contract.subject,
      input: { ...(input as Readonly<Record<string, unknown>>) }, // inputs of contracts are objects
      ...(credential !== undefined && { credential }),
      ...(dryRun && { dryRun }),
      ...(consistency !== undefined && { consistency }),
    };
    sent.push(request);
    const answer = answers.get(contract.subject);
    return answer ? answer(input, request) : domainError('client/unreachable', 'unavailable', 'No server responds.');
  }

  const laptop: Laptop = {
    clock,
    sent,
    answersAt: undefined,
    answersRepeated: false,
    get logins() {
      return logins;
    },
    folder,
    configFile,
    on: (contract, answer) => void answers.set(contract.subject, answer as (input: unknown) => unknown), // called with this contract's input
    onStream: (contract, answer) => void answers.set(contract.subject, answer as (input: unknown) => unknown), // likewise
    logIn(slugs, more = {}, top = {}) {
      const organizations = slugs.map((slug) => ({
        id: `id-of-${slug}`,
        slug,
        key: `key-of-${slug}`,
        keyId: `keyid-of-${slug}`,
        expiresAt: null,
      }));
      makePrivateFolder(dirname(configFile));
      writePrivateFile(configFile, stringify({ ...top, apis: { [API_URL]: { organizations, ...more } } }));
    },
    belongsTo: (credential, userId) => void people.set(credential, userId),
    config: () => readFileSync(configFile, 'utf8'),
    async run(words, { environment = {}, stdin = '', terminal = false, onPause = () => {} } = {}) {
      const stdout = new PassThrough();
      const stderr = Object.assign(new PassThrough(), { isTTY: terminal });
      const io: Io = {
        environment,
        stdin: Object.assign(Readable.from(stdin === '' ? [] : [stdin]), { isTTY: terminal }),
        stdout,
        stderr,
        home: folder,
        hostname: 'laptop',
        cwd: folder,
        self: '/usr/local/bin/astroctl',
        program: '/opt/astroctl/main.js',
        clock,
        ids: sequenceIds(),
        pause: () => Promise.resolve(onPause()),
        openBrowser: () => false,
        interrupted: new AbortController().signal,
      };
      const exit = await runProgram(typeof words === 'string' ? words.split(' ') : words, io, {
        version: '0.0.0',
        commands: program.commands,
        groups: program.groups ?? [],
        createClient: ({ credential }) => clientOf(credential),
        keyOrganization: () => Promise.resolve({ id: 'id-of-environment', slug: 'environment' }),
        personOf: (_session, credential) => {
          const userId = people.get(credential) ?? 'user-ada';
          return Promise.resolve({ userId, name: `${userId.replace('user-', '')}@acme.dev` });
        },
        loginFlow: (session) => Promise.resolve(hasTerminal(session.io) ? loggedIn() : noTerminal()),
      });
      return { exit, stdout: String(stdout.read() ?? ''), stderr: String(stderr.read() ?? '') };
    },
  };
  return laptop;

  function loggedIn() {
    logins++;
    return { accessToken: `login-${logins}`, expiresAt: fresh() };
  }
}

const noTerminal = (): CommandError =>
  localError(EXIT_CODES.unauthenticated, 'Login required, but there is no terminal.', 'Run: astroctl auth login');

const isDomainError = (answer: unknown): answer is DomainError =>
  typeof answer === 'object' && answer !== null && 'code' in answer && 'kind' in answer && 'detail' in answer;
