import { PERMISSIONS, PUBLIC, SERVICES_ONLY } from '#access';
import { ApiStreamError, type ApiClient, type ApiClientOptions, type ApiReply } from '#api-client';
import type { CallerInputOf, Contract, OutputOf, ReplyMeta, RequestContract, StreamContract } from '#bus/contract';
import type { DomainError } from '#kernel';
import type { ConfigFile, StoredKey } from './config-file.ts';
import { EXIT_CODES } from './exit-codes.ts';
import {
  CommandFailedError,
  isCommandError,
  localError,
  serverError,
  usage,
  type CommandError,
} from './command-error.ts';
import { hasTerminal, type Io } from './io.ts';
import type { Printer } from './print.ts';

export interface GlobalFlags {
  readonly org?: string;
  readonly apiUrl: string;
  /** Source of the address, for messages. */
  readonly apiUrlFrom: 'flag' | 'environment' | 'file' | 'default';
  readonly requestTimeoutMs: number;
  readonly asAdmin: boolean;
  readonly color: boolean;
  readonly quiet: boolean;
  readonly yes: boolean;
  readonly debug: boolean;
}

export type CallResult<T> =
  | { readonly ok: true; readonly value: T; readonly meta: ReplyMeta }
  | { readonly ok: false; readonly failure: CommandError };

/** A credential and its source, for `whoami`. */
export interface SessionCredential {
  readonly secret: string;
  /** Path of a file, or name of a variable. */
  readonly source: string;
  readonly stored?: StoredKey;
}

/** Response of every list. */
interface Listed<Item> {
  readonly items: readonly Item[];
  readonly next?: string | undefined;
}

/** A contract of a paged list. */
type ListContract = RequestContract & { readonly output: { readonly _output: Listed<unknown> } };
type ItemOf<C extends ListContract> = OutputOf<C> extends Listed<infer Item> ? Item : never;

export interface SessionCallOptions {
  readonly signal?: AbortSignal;
  readonly timeoutMs?: number;
  readonly dryRun?: boolean;
  /** Revision that the change is based on. The change is rejected if the object has another one. */
  readonly ifMatch?: number;
  /** Used instead of the credential that the session would choose. */
  readonly credential?: string | null;
}

/**
 * Everything a command works with: the API client with its credential and organization, the configuration, and output.
 */
export interface Session {
  readonly io: Io;
  readonly flags: GlobalFlags;
  readonly config: ConfigFile;
  readonly print: Printer;
  /** Returns the key for requests: that of `--org`, `ASTROPULSE_API_KEY`, `org use`, or the only one, in this order. */
  credential(): Promise<SessionCredential | CommandError>;
  /** Returns the ID or slug of the current organization. */
  organization(): Promise<string | CommandError>;
  /**
   * Sends a request. Runs a device login first if the request requires a login and the last one is older than 15
   * minutes: because its permission says so, or because the server rejected the access key for this change.
   */
  call<C extends RequestContract>(
    contract: C,
    input: CallerInputOf<C>,
    options?: SessionCallOptions,
  ): Promise<CallResult<OutputOf<C>>>;
  /** Like `call`, for a list: returns the items of all pages, and the warnings of the last one. */
  list<C extends ListContract>(
    contract: C,
    input: CallerInputOf<C>,
    options?: SessionCallOptions,
  ): Promise<CallResult<readonly ItemOf<C>[]>>;
  stream<C extends StreamContract>(
    contract: C,
    input: CallerInputOf<C>,
    signal?: AbortSignal,
  ): AsyncIterable<OutputOf<C>>;
  /** Asks for confirmation. Without a terminal, `-y` is required; otherwise the exit code is 2. */
  confirm(question: string): Promise<true | CommandError>;
  /**
   * Asks for the name of what is deleted; `-y` is not enough.
   *
   * @param given name from the flag `--confirm`, which is required without a terminal
   */
  confirmName(name: string, given: string | undefined): Promise<true | CommandError>;
  /** Returns the access token of a login in the last 15 minutes, or of a new device login. */
  login(): Promise<string | CommandError>;
}

/** Runs a device login. Injected, so that the OIDC client is loaded only when it is needed. */
export type LoginFlow = (
  session: Session,
) => Promise<{ readonly accessToken: string; readonly expiresAt: string } | CommandError>;

/** Returns the organization of the key in the environment. Injected, because only the server knows it. */
export type KeyOrganization = (
  session: Session,
) => Promise<{ readonly id: string; readonly slug: string } | CommandError>;

/** Returns the user that a credential acts for. Injected, because only the server knows it. */
export type PersonOf = (session: Session, credential: string) => Promise<CredentialOwner | CommandError>;

export interface CredentialOwner {
  readonly userId: string;
  /** Display name. */
  readonly name: string;
}

export interface SessionParts {
  readonly createClient: (options: ApiClientOptions) => ApiClient;
  readonly loginFlow: LoginFlow;
  readonly keyOrganization: KeyOrganization;
  readonly personOf: PersonOf;
}

const OTHER_STORE = 'position/other-store';
/** Attempts to read from a platform that is behind. Each takes at least 2 s. */
const NOT_YET_TRIES = 5;
/** A platform that asks for a longer wait is not expected to return while the user waits. */
const MAX_WAIT_SECONDS = 5;

const storeOf = (position: string): string => position.slice(0, position.indexOf('.'));

const hasMember = ({ input }: Contract, name: string): boolean =>
  'shape' in input && typeof input.shape === 'object' && input.shape !== null && name in input.shape;

export const ENVIRONMENT_KEY = 'ASTROPULSE_API_KEY';

const matches = (key: StoredKey, org: string): boolean => key.id === org || key.slug === org;

export const createSession = (
  io: Io,
  flags: GlobalFlags,
  config: ConfigFile,
  print: Printer,
  parts: SessionParts,
): Session => new CommandSession(io, flags, config, print, parts);

class CommandSession implements Session {
  private readonly clients = new Map<string, ApiClient>();
  private environmentOrganization: string | undefined;
  private warnedOfEnd = false;
  /** Pairs of a key and a login that belong to the same person. */
  private readonly samePerson = new Set<string>();

  constructor(
    readonly io: Io,
    readonly flags: GlobalFlags,
    readonly config: ConfigFile,
    readonly print: Printer,
    private readonly parts: SessionParts,
  ) {}

  async credential(): Promise<SessionCredential | CommandError> {
    const { io, flags, config } = this;
    const environmentKey = io.environment[ENVIRONMENT_KEY];
    if (environmentKey) return { secret: environmentKey, source: ENVIRONMENT_KEY };
    const { organizations, currentOrg } = config.api(flags.apiUrl);
    const wanted = flags.org;
    const found =
      wanted === undefined
        ? (organizations.find(({ id }) => id === currentOrg) ??
          (organizations.length === 1 ? organizations[0] : undefined))
        : organizations.find((key) => matches(key, wanted));
    if (found) {
      this.warnOfEnd(found);
      return { secret: found.key, source: config.path, stored: found };
    }
    if (wanted !== undefined)
      return localError(
        EXIT_CODES.unauthenticated,
        `This machine has no key for organization ${wanted}.`,
        `Run: astroctl auth login --org-id ${wanted}`,
      );
    if (organizations.length === 0)
      return localError(
        EXIT_CODES.unauthenticated,
        `You are not logged in at ${flags.apiUrl}.`,
        'Run: astroctl auth login',
      );
    return usage(
      `This machine has keys for several organizations: ${organizations.map(({ slug }) => slug).join(', ')}.`,
      'choose one: astroctl org use NAME, or add --org NAME',
    );
  }

  async organization(): Promise<string | CommandError> {
    const { flags } = this;
    if (flags.asAdmin) return flags.org ?? usage('--as-admin requires an organization.', 'add --org NAME');
    const credential = await this.credential();
    if (isCommandError(credential)) return credential;
    if (credential.stored) return credential.stored.id;
    if (this.environmentOrganization === undefined) {
      const found = await this.parts.keyOrganization(this);
      if (isCommandError(found)) return found;
      if (flags.org !== undefined && flags.org !== found.id && flags.org !== found.slug) {
        return usage(
          `--org ${flags.org} does not match the organization of the key in ${ENVIRONMENT_KEY}.`,
          `omit --org, or unset ${ENVIRONMENT_KEY}`,
        );
      }
      this.environmentOrganization = found.id;
    }
    return this.environmentOrganization;
  }

  async call<C extends RequestContract>(
    contract: C,
    input: CallerInputOf<C>,
    options: SessionCallOptions = {},
  ): Promise<CallResult<OutputOf<C>>> {
    const { io, flags } = this;
    const secret = await this.secretFor(contract, options.credential);
    if (isCommandError(secret)) return { ok: false, failure: secret };
    const { credential: _, ...callOptions } = options;
    let reply = await this.callAt(secret, contract, input, callOptions);
    if (!reply.ok && reply.error.code === 'key/login-required' && options.credential === undefined) {
      const login = await this.login();
      if (isCommandError(login)) return { ok: false, failure: login };
      if (login !== secret) reply = await this.callAt(login, contract, input, callOptions);
    }
    if (!reply.ok) return { ok: false, failure: commandErrorOfReply(reply, flags, io) };
    await this.seen(reply.meta.position);
    for (const warning of reply.meta.warnings ?? []) this.print.note(`Warning: ${warning}`);
    return reply;
  }

  /**
   * Sends a request. A read requires a state at least as new as the last position that this machine has seen, and is
   * retried while the platform is behind, and once if it is temporarily unavailable. A position from another event store
   * (before a restore) is discarded.
   */
  private async callAt<C extends RequestContract>(
    secret: string | undefined,
    contract: C,
    input: CallerInputOf<C>,
    options: Omit<SessionCallOptions, 'credential'>,
  ): Promise<ApiReply<OutputOf<C>>> {
    const { io } = this;
    const client = this.clientFor(secret);
    const isRead = contract.route?.startsWith('GET ') ?? false;
    for (let tries = 1; ; tries += 1) {
      const consistency = isRead ? this.position : undefined;
      const reply = await client.call(contract, input, {
        ...options,
        ...(consistency !== undefined && { consistency }),
      });
      if (reply.ok || !isRead) return reply;
      const { code, kind, retryAfterSeconds = Number.POSITIVE_INFINITY } = reply.error;
      const mostTries = code === 'read/not-yet' ? NOT_YET_TRIES : 2;
      if (code === OTHER_STORE && consistency !== undefined) await this.keep(undefined);
      else if (kind === 'unavailable' && retryAfterSeconds <= MAX_WAIT_SECONDS && tries < mostTries)
        await io.pause(retryAfterSeconds * 1_000, io.interrupted);
      else return reply;
    }
  }

  private get position(): string | undefined {
    return this.config.api(this.flags.apiUrl).position;
  }

  private async seen(position: string | undefined): Promise<void> {
    const known = this.position;
    if (position === undefined || position === known) return;
    const isOlder = known !== undefined && storeOf(known) === storeOf(position) && position < known;
    if (!isOlder) await this.keep(position);
  }

  /** Stores a position. A failure to store it does not fail the command. */
  private async keep(position: string | undefined): Promise<void> {
    try {
      await this.config.update(this.flags.apiUrl, (api) => {
        delete api.position;
        if (position !== undefined) api.position = position;
      });
    } catch (error) {
      if (!(error instanceof CommandFailedError)) throw error;
    }
  }

  async list<C extends ListContract>(
    contract: C,
    input: CallerInputOf<C>,
    options: SessionCallOptions = {},
  ): Promise<CallResult<readonly ItemOf<C>[]>> {
    const items: ItemOf<C>[] = [];
    for (let cursor: string | undefined; ;) {
      const pageInput = cursor === undefined ? input : ({ ...(input as object), cursor } as CallerInputOf<C>);
      const page = await this.call(contract, pageInput, options);
      if (!page.ok) return page;
      const { items: some, next } = page.value as Listed<ItemOf<C>>; // as its contract declares
      items.push(...some);
      if (next === undefined) return { ok: true, value: items, meta: page.meta };
      cursor = next;
    }
  }

  async *stream<C extends StreamContract>(
    contract: C,
    input: CallerInputOf<C>,
    signal?: AbortSignal,
  ): AsyncGenerator<OutputOf<C>> {
    const { io, flags } = this;
    const secret = await this.secretFor(contract, undefined);
    if (isCommandError(secret)) throw new CommandFailedError(secret);
    // A stream that resumes from a position would interpret it as that position.
    const consistency = hasMember(contract, 'after') ? undefined : this.position;
    const options = consistency === undefined ? {} : { consistency };
    try {
      yield* this.clientFor(secret).stream(contract, input, signal ?? io.interrupted, options);
    } catch (error) {
      if (!(error instanceof ApiStreamError)) throw error;
      if (error.error.code !== OTHER_STORE || consistency === undefined)
        throw new CommandFailedError(commandErrorOfReply(error, flags, io));
      await this.keep(undefined); // rejected before the first item
      yield* this.stream(contract, input, signal);
    }
  }

  async confirm(question: string): Promise<true | CommandError> {
    if (this.flags.yes) return true;
    if (!hasTerminal(this.io)) return usage('Confirmation required, but there is no terminal.', 'use -y');
    const answer = await this.ask(`${question} [y/N] `);
    return /^y(es)?$/i.test(answer) ? true : localError(1, 'Canceled. Nothing was changed.');
  }

  async confirmName(name: string, given: string | undefined): Promise<true | CommandError> {
    const use = `use --confirm ${name}`;
    if (given === undefined && !hasTerminal(this.io))
      return usage('Confirmation required, but there is no terminal.', use);
    const answer = given ?? (await this.ask(`Enter ${name} to delete it: `));
    return answer === name ? true : usage(`${answer} is not ${name}. Nothing was changed.`, use);
  }

  /** Returns what the person enters, without spaces around it. */
  private async ask(question: string): Promise<string> {
    const { io } = this;
    const { createInterface } = await import('node:readline/promises');
    const terminal = createInterface({ input: io.stdin, output: io.stderr });
    try {
      return (await terminal.question(question, { signal: io.interrupted })).trim();
    } finally {
      terminal.close();
    }
  }

  async login(): Promise<string | CommandError> {
    const { io, flags, config } = this;
    const { login } = config.api(flags.apiUrl);
    if (login && Date.parse(login.expiresAt) > io.clock.now())
      return (await this.otherPerson(login.accessToken)) ?? login.accessToken;
    config.assertWritable(); // fail before a login that could not be stored
    const fresh = await this.parts.loginFlow(this);
    if (isCommandError(fresh)) return fresh;
    const refusal = await this.otherPerson(fresh.accessToken);
    if (refusal) return refusal;
    await config.update(flags.apiUrl, (api) => void (api.login = fresh));
    return fresh.accessToken;
  }

  /**
   * Rejects a login of another person than the owner of the key (of the environment, or else of the file), so that a
   * command never acts for two people. With `--as-admin`, the login replaces the key.
   */
  private async otherPerson(accessToken: string): Promise<CommandError | undefined> {
    if (this.flags.asAdmin) return undefined;
    const key = await this.credential();
    if (isCommandError(key)) return undefined; // no key, or an ambiguous one
    const pair = `${key.secret}\n${accessToken}`;
    if (this.samePerson.has(pair)) return undefined;
    const ofKey = await this.parts.personOf(this, key.secret);
    // A stored key that is no longer valid is ignored; one from the environment must be valid.
    if (isCommandError(ofKey)) return key.stored ? undefined : ofKey;
    const ofLogin = await this.parts.personOf(this, accessToken);
    if (isCommandError(ofLogin)) return ofLogin;
    if (ofKey.userId !== ofLogin.userId) return otherPersonError(key, ofKey, ofLogin);
    this.samePerson.add(pair);
    return undefined;
  }

  private clientFor(secret: string | undefined): ApiClient {
    const { io, flags } = this;
    const known = this.clients.get(secret ?? '');
    if (known) return known;
    const client = this.parts.createClient({
      baseUrl: flags.apiUrl,
      timeoutMs: flags.requestTimeoutMs,
      clock: io.clock,
      ids: io.ids,
      ...(secret !== undefined && { credential: secret }),
      ...(flags.debug && { onDebug: (line: string) => void io.stderr.write(`debug: ${line}\n`) }),
    });
    this.clients.set(secret ?? '', client);
    return client;
  }

  private async secretFor(
    contract: Contract,
    chosen: string | null | undefined,
  ): Promise<string | undefined | CommandError> {
    if (chosen !== undefined) return chosen ?? undefined;
    const { permission } = contract;
    if (permission === PUBLIC || permission === SERVICES_ONLY) return undefined;
    if (this.flags.asAdmin || PERMISSIONS[permission].by === 'login') return this.login();
    const credential = await this.credential();
    return isCommandError(credential) ? credential : credential.secret;
  }

  private warnOfEnd({ slug, expiresAt }: StoredKey): void {
    if (this.warnedOfEnd || expiresAt === null) return;
    const days = (Date.parse(expiresAt) - this.io.clock.now()) / 86_400_000;
    if (days > 7) return;
    this.warnedOfEnd = true;
    this.print.note(
      days > 0
        ? `Warning: the key for ${slug} expires on ${expiresAt}; run: astroctl auth login`
        : `Warning: the key for ${slug} expired on ${expiresAt}; run: astroctl auth login`,
    );
  }
}

function otherPersonError(
  { source, stored }: SessionCredential,
  ofKey: CredentialOwner,
  ofLogin: CredentialOwner,
): CommandError {
  const key = stored ? `The key of ${stored.slug} in ${source}` : `The key in ${source}`;
  return usage(
    `${key} is of ${ofKey.name}, but the login is of ${ofLogin.name}. This command needs a login, and nothing was done.`,
    stored
      ? `log in as one of them: astroctl auth login`
      : `unset ${source} to act as ${ofLogin.name}, or log in as ${ofKey.name}: astroctl auth login`,
  );
}

/** Returns the error of a reply, with a specific message if the server cannot be reached or is not the platform. */
function commandErrorOfReply(
  reply: { readonly error: DomainError; readonly status?: number | undefined; readonly requestId?: string | undefined },
  flags: GlobalFlags,
  io: Io,
): CommandError {
  const { error, status, requestId } = reply;
  const hasKey = Boolean(io.environment[ENVIRONMENT_KEY]);
  if (error.code === 'client/unreachable') {
    return localError(
      EXIT_CODES.unavailable,
      hasKey && flags.apiUrlFrom === 'default'
        ? `No server responds at ${flags.apiUrl}, which is the default address.`
        : `No server responds at ${flags.apiUrl}.`,
      hasKey && flags.apiUrlFrom === 'default'
        ? `set ASTROPULSE_API_URL in addition to ${ENVIRONMENT_KEY}, or start the platform: npm start`
        : 'set ASTROPULSE_API_URL or --api-url, or start the platform: npm start',
    );
  }
  if (error.code === 'client/not-ours')
    return localError(EXIT_CODES.unavailable, error.detail, 'set ASTROPULSE_API_URL or --api-url');
  return serverError(error, status, requestId);
}
