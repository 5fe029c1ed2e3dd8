import {
  actorOf,
  isLoginOld,
  principalId,
  PUBLIC,
  SERVICES_ONLY,
  type AccessSource,
  type Directory,
  type Permission,
  type Principal,
  type Reason,
} from '#access';
import type { AdminReadRecorder, Contract, RefusalRecorder, RequestContext } from '#bus/contract';
import { err, ok, type Authorization, type Clock, type DomainError, type Logger, type Result } from '#kernel';
import { CallerKeyring, type CallerKeys } from './caller-keys.ts';
import type { CallerClaims } from './caller-claims.ts';
import { verifyCaller } from './caller-token.ts';
import { checkAccess } from './check-access.ts';
import { isWithoutDigest, withDigest } from './command-id.ts';
import { busErrors } from './errors.ts';
import { parseInput } from './input.ts';
import { openCaller } from './local-caller.ts';
import type { MessageContext } from './transport.ts';

export interface RequestGuardOptions {
  readonly keys: CallerKeys;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Absent in a process that does not follow the log, which can serve only PUBLIC and SERVICES_ONLY. */
  readonly access?: AccessSource;
  readonly refusals?: RefusalRecorder;
  readonly adminReads?: AdminReadRecorder;
  /** Whether replies are checked against their contracts. Default: true. Disabled in production. */
  readonly checksOutput?: boolean;
}

type Caller = Pick<CallerClaims, 'principal' | 'correlationId'>;

/** A request that may be passed to its handler. */
export interface AuthorizedRequest {
  readonly input: unknown;
  readonly context: RequestContext;
}

/**
 * Guards every handler. It checks, in this order: caller and deadline, input, directory, permission; a failure is
 * returned as an error. A caller from another process must be signed; one from this process must have been issued by
 * its bus.
 */
export class RequestGuard {
  private readonly keyring: CallerKeyring;

  constructor(readonly options: RequestGuardOptions) {
    this.keyring = new CallerKeyring(options.keys);
  }

  /** Whether contracts that need a directory can be served. */
  get hasDirectory(): boolean {
    return this.options.access !== undefined;
  }

  /**
   * Authorizes a request.
   *
   * @param message body as JSON, and caller, as received
   * @param data the decoded body
   */
  async authorize(
    contract: Contract,
    message: Pick<MessageContext, 'caller' | 'json'>,
    data: unknown,
  ): Promise<Result<AuthorizedRequest, DomainError>> {
    const verified = this.callerOf(contract, message);
    if (!verified.ok) return this.refuse(contract, ANONYMOUS, verified.error);
    const input = parseInput(contract.input, data, message.json);
    if (!input.ok) return input;
    const { commandId } = verified.value;
    const caller = isWithoutDigest(commandId)
      ? { ...verified.value, commandId: withDigest(commandId, contract, input.value) }
      : verified.value;
    const named = contract.organizationOf?.(input.value);
    return caller.principal.kind === 'service'
      ? this.authorizeService(contract, caller, caller.principal.service, input.value, named)
      : this.authorizePerson(contract, caller, input.value, named);
  }

  private callerOf(
    { subject }: Contract,
    { caller, json }: Pick<MessageContext, 'caller' | 'json'>,
  ): Result<CallerClaims, DomainError> {
    const now = this.options.clock.now();
    return caller.kind === 'local'
      ? openCaller(caller.caller, subject, json, now)
      : verifyCaller(this.keyring, subject, json, caller.token, now);
  }

  private authorizeService(
    contract: Contract,
    caller: CallerClaims,
    service: string,
    input: unknown,
    named: string | undefined,
  ): Result<AuthorizedRequest, DomainError> {
    if (contract.permission !== PUBLIC && !contract.callers?.includes(service))
      return this.refuse(contract, caller, busErrors.callerNotListed(service));
    // Services identify organizations by ID, and must also work while a directory is behind or an organization is being
    // deleted.
    return ok(authorized(caller, input, { organizationId: named ?? caller.organizationId }));
  }

  private async authorizePerson(
    contract: Contract,
    caller: CallerClaims,
    input: unknown,
    named: string | undefined,
  ): Promise<Result<AuthorizedRequest, DomainError>> {
    const { permission } = contract;
    if (permission === SERVICES_ONLY) return this.refuse(contract, caller, busErrors.servicesOnly());
    if (permission === PUBLIC) return ok(authorized(caller, input, { by: authorizationOf(caller) }));

    const directory = await this.directory(contract);
    if (!directory.ok) return directory;
    const organizationId = named === undefined ? undefined : directory.value.organization(named)?.id;
    // A contract with an organization has a permission in it (checked at startup), so one that does not exist is
    // rejected.
    const decision = this.decide(contract, permission, caller, directory.value, organizationId);
    if (!decision.ok) return decision;
    const by = authorizationOf(caller, decision.value);
    const globalAdmin = isGlobalAdmin(caller.principal, directory.value);
    const loginOld = isLoginOld(caller.principal, this.options.clock.now());
    const request = authorized(caller, input, { globalAdmin, loginOld, organizationId, by });
    if (contract.isDisclosedBy === undefined) this.disclosed(contract, request.context);
    return ok(request);
  }

  /** Records that a global admin reads data of an organization by the global role alone. */
  disclosed({ subject, discloses }: Contract, { principal, correlationId, organizationId, by }: RequestContext): void {
    if (discloses === undefined || organizationId === undefined || !by?.globalAdmin) return;
    this.options.adminReads?.read({
      subject,
      discloses,
      userId: principalId(principal),
      organizationId,
      by,
      correlationId,
      atMs: this.options.clock.now(),
    });
  }

  /**
   * Returns whether an authorized stream may continue. It ends if the permission has ended.
   *
   * @returns undefined if it may continue; an error that is not final if the directory is unavailable
   */
  async recheck(
    contract: Contract,
    context: RequestContext,
  ): Promise<Result<undefined, { readonly error: DomainError; readonly isFinal: boolean }>> {
    const { permission } = contract;
    if (permission === SERVICES_ONLY || permission === PUBLIC || context.principal.kind === 'service')
      return ok(undefined);
    const directory = await this.directory(contract);
    if (!directory.ok) return err({ error: directory.error, isFinal: false });
    const decision = this.decide(contract, permission, context, directory.value, context.organizationId);
    return decision.ok ? ok(undefined) : err({ error: decision.error, isFinal: true });
  }

  /** Records that a handler denied what the guard had permitted, because the right depends on more than a role. */
  handlerRefused(contract: Contract, context: RequestContext, error: DomainError): void {
    if (error.kind === 'forbidden' || error.kind === 'unauthenticated')
      this.refuse(contract, context, error, context.organizationId);
  }

  private directory(contract: Contract): Promise<Result<Directory, DomainError>> {
    const { access } = this.options;
    if (!access) throw new Error(`${contract.subject} needs an access directory and this process has none`);
    return access.current();
  }

  /** Returns why the request is permitted, or the error if it is denied, which is recorded. */
  private decide(
    contract: Contract,
    permission: Permission,
    caller: Caller,
    directory: Directory,
    organizationId: string | undefined,
  ): Result<Reason, DomainError> {
    const decision = checkAccess(
      { principal: caller.principal, permission, orPermission: contract.orPermission, organizationId },
      directory,
      this.options.clock.now(),
    );
    return decision.ok ? decision : this.refuse(contract, caller, decision.error, organizationId, permission);
  }

  private refuse(
    contract: Contract,
    caller: Caller,
    error: DomainError,
    organizationId?: string,
    permission?: Permission,
  ) {
    this.options.refusals?.refused({
      subject: contract.subject,
      permission: permission ?? contract.permission,
      principal: caller.principal,
      ...(organizationId !== undefined && { organizationId }),
      code: error.code,
      correlationId: caller.correlationId,
      atMs: this.options.clock.now(),
    });
    return err(error);
  }
}

const ANONYMOUS = { principal: { kind: 'anonymous' }, correlationId: '' } as const;

const isGlobalAdmin = (principal: Principal, directory: Directory): boolean =>
  principal.kind === 'login' && directory.users.get(principal.userId)?.globalRole === 'admin';

/** Returns what the events of the request will contain; undefined if nothing is known. */
function authorizationOf({ principal, origin }: CallerClaims, reason?: Reason): Authorization | undefined {
  const { permission, rule, role, grantedBy } = reason ?? {};
  const by: Authorization = {
    ...(permission !== undefined && { permission }),
    ...(rule !== undefined && { rule }),
    ...(role !== undefined && { role }),
    ...(grantedBy !== undefined && { grantedBy }),
    ...(principal.kind === 'login' && { credential: 'login' }),
    ...(principal.kind === 'key' && { credential: 'key', keyId: principal.keyId }),
    ...(rule === 'global-admin' && { globalAdmin: true }),
    ...origin,
  };
  return Object.keys(by).length > 0 ? by : undefined;
}

function authorized(
  caller: CallerClaims,
  input: unknown,
  {
    globalAdmin = false,
    loginOld = false,
    organizationId,
    by,
  }: {
    readonly globalAdmin?: boolean;
    readonly loginOld?: boolean;
    readonly organizationId?: string | undefined;
    readonly by?: Authorization | undefined;
  },
): AuthorizedRequest {
  const { principal, commandId, correlationId, causationId, deadlineMs, consistency, ifMatch, dryRun } = caller;
  return {
    input,
    context: {
      principal,
      actor: actorOf(principal, globalAdmin, loginOld),
      commandId,
      correlationId,
      deadlineMs,
      ...(causationId !== undefined && { causationId }),
      ...(organizationId !== undefined && { organizationId }),
      ...(consistency !== undefined && { consistency }),
      ...(ifMatch !== undefined && { ifMatch }),
      ...(dryRun !== undefined && { dryRun }),
      ...(by && { by }),
    },
  };
}
