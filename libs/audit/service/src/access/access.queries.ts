import { PERMISSIONS, principalId, type AccessRule, type Moment, type PermissionRule } from '#access';
import {
  canRequest,
  explainAccessRequest,
  listPermissionsRequest,
  membersAtRequest,
  whoCanRequest,
} from '#audit/contract';
import { Caller, Input, refuse, reply, Serves, type ContextOf, type OrganizationContext, type ReplyTo } from '#bus';
import { pageOf, type InputOf } from '#bus/contract';
import { err, ok, type DomainError, type Result } from '#kernel';
import { Controller, Inject } from '@nestjs/common';
import { AccessAnswers, timeOf } from './access-answers.service.ts';
import { AccessHistory } from './access-history.service.ts';
import { accessErrors } from './access.errors.ts';
import { LogReaders } from './log-readers.service.ts';
import {
  decideAt,
  decideForMember,
  isAt,
  isDuring,
  policyOf,
  waysOf,
  waysOfAll,
  type AccessPast,
  type AccessQuestion,
  type Way,
} from './ways.ts';

type AskedInput = Pick<InputOf<typeof canRequest>, 'permission' | 'object' | 'asOf' | 'rules'>;

/** A question with its time, and the past to answer it from. */
interface Asked {
  readonly past: AccessPast;
  readonly question: AccessQuestion;
  readonly at: Moment;
}

/** Answers who has, or had, which permission. */
@Controller()
export class AccessQueries {
  constructor(
    @Inject(AccessHistory) private readonly history: AccessHistory,
    @Inject(AccessAnswers) private readonly answers: AccessAnswers,
    @Inject(LogReaders) private readonly readers: LogReaders,
  ) {}

  /**
   * Answers for the credential of the request; about an earlier time, for its user or service member: the credential may
   * be newer.
   */
  @Serves(canRequest)
  async can(
    @Input() input: InputOf<typeof canRequest>,
    @Caller() context: ContextOf<typeof canRequest>,
  ): Promise<ReplyTo<typeof canRequest>> {
    const asked = await this.ask(input, context.organizationId);
    if (!asked.ok) return refuse(asked.error);
    const { past, question, at } = asked.value;
    const { principal } = context;
    const memberId = principalId(principal);
    const isNow = input.asOf === undefined;
    const decision = isNow ? decideAt(past, question, principal, at) : decideForMember(past, question, memberId, at);
    const isAsked = (way: Way) =>
      isNow
        ? way.keyId === (principal.kind === 'key' ? principal.keyId : undefined)
        : way.keyId === undefined || way.kind === 'service';
    const found = decision.allowed
      ? waysOf(past, question, memberId).filter((way) => isAsked(way) && isAt(way, at))
      : [];
    const ways = await this.answers.ways(past, context.organizationId, found.slice(0, 1), context);
    if (!ways.ok) return refuse(ways.error);
    return reply({
      ...this.answers.subjectOf(past, question, at),
      allowed: decision.allowed,
      way: ways.value[0] ?? null,
      code: decision.allowed ? null : decision.error.code,
      detail: decision.allowed ? null : decision.error.detail,
    });
  }

  @Serves(whoCanRequest)
  async whoCan(
    @Input() input: InputOf<typeof whoCanRequest>,
    @Caller() context: ContextOf<typeof whoCanRequest>,
  ): Promise<ReplyTo<typeof whoCanRequest>> {
    const { organizationId } = context;
    const refused = await this.refusesOthers(context);
    if (refused) return refuse(refused);
    if (input.during !== undefined && input.asOf !== undefined) return refuse(accessErrors.twoTimes());
    const [start, end] = input.during?.split('..') ?? [];
    const asked = await this.ask(
      { ...input, asOf: input.asOf ?? (end || undefined) },
      organizationId,
      input.during !== undefined,
    );
    if (!asked.ok) return refuse(asked.error);
    const { past, question, at } = asked.value;
    const from = start ? this.history.momentOf(start) : ok({ sequence: 0, nowMs: 0 });
    if (!from.ok) return refuse(from.error);
    if (from.value.nowMs > at.nowMs) return refuse(accessErrors.emptyInterval(input.during ?? ''));
    const all = waysOfAll(past, question);
    const found = all.filter((way) => (input.during === undefined ? isAt(way, at) : isDuring(way, from.value, at)));
    const { items, ...rest } = pageOf(
      found,
      (way) => `${timeOf(way.from)} ${way.memberId} ${way.keyId ?? way.grantedBy ?? way.way}`,
      input,
    );
    const ways = await this.answers.ways(past, organizationId, items, context);
    if (!ways.ok) return refuse(ways.error);
    return reply({ ...this.answers.subjectOf(past, question, at), items: ways.value, ...rest });
  }

  @Serves(explainAccessRequest)
  async explain(
    @Input() input: InputOf<typeof explainAccessRequest>,
    @Caller() context: ContextOf<typeof explainAccessRequest>,
  ): Promise<ReplyTo<typeof explainAccessRequest>> {
    const { organizationId, principal } = context;
    const asked = await this.ask(input, organizationId);
    if (!asked.ok) return refuse(asked.error);
    const { past, question, at } = asked.value;
    const own = principalId(principal);
    const userId =
      input.user === undefined ? ok(own) : await this.answers.userId(past, organizationId, input.user, context);
    const refused = userId.ok && userId.value === own ? undefined : await this.refusesOthers(context);
    if (refused) return refuse(refused);
    if (!userId.ok) return refuse(userId.error);
    const found = waysOf(past, question, userId.value).filter((way) => isAt(way, at));
    const ways = await this.answers.ways(past, organizationId, found, context);
    if (!ways.ok) return refuse(ways.error);
    const person = await this.answers.emailOf(userId.value, context);
    if (!person.ok) return refuse(person.error);
    const decision = decideForMember(past, question, userId.value, at);
    const refusal = found.length > 0 || decision.allowed ? undefined : decision.error;
    const rule = policyOf(past, question, at.sequence).table[question.permission];
    return reply({
      ...this.answers.subjectOf(past, question, at),
      user: userId.value,
      email: person.value,
      name: past.rights.serviceName(organizationId, userId.value) ?? null,
      allowed: found.length > 0 || decision.allowed,
      ways: ways.value,
      grantedTo: rule ? grantedTo(rule) : [],
      with: rule?.by ?? null,
      code: refusal?.code ?? null,
      detail: refusal?.detail ?? null,
      fix: refusal?.fix ?? null,
    });
  }

  @Serves(listPermissionsRequest)
  list(@Input() page: InputOf<typeof listPermissionsRequest>): ReplyTo<typeof listPermissionsRequest> {
    const items = Object.entries<PermissionRule>(PERMISSIONS).map(([name, rule]) => ({
      name,
      allows: rule.covers,
      scope: rule.scope,
      grantedTo: grantedTo(rule),
      with: rule.by,
    }));
    const { items: some, ...rest } = pageOf(items, ({ name }) => name, page);
    return reply({ items: [...some], ...rest });
  }

  @Serves(membersAtRequest)
  async membersAt(
    @Input() { organizationId, asOf }: InputOf<typeof membersAtRequest>,
  ): Promise<ReplyTo<typeof membersAtRequest>> {
    const past = await this.history.current();
    if (!past.ok) return refuse(past.error);
    const at = this.history.momentOf(asOf);
    if (!at.ok) return refuse(at.error);
    const { rights } = past.value;
    const { sequence, nowMs } = at.value;
    const members = [...rights.membersAt(organizationId, at.value)].map(([id, { kind, role, name, auditUntil }]) => ({
      id,
      kind,
      role,
      name: name ?? null,
      since: timeOf(rights.momentAt(rights.memberSince(organizationId, id, sequence) ?? sequence)),
      audit: auditUntil !== undefined && nowMs < auditUntil,
    }));
    return reply({ members });
  }

  private async ask(
    { permission, object, asOf, rules }: AskedInput,
    organizationId: string,
    isInterval = false,
  ): Promise<Result<Asked, DomainError>> {
    const past = await this.history.current();
    if (!past.ok) return past;
    const at = this.history.momentOf(asOf);
    if (!at.ok) return at;
    const isKnown =
      object === undefined ||
      isInterval ||
      past.value.objects.isProtectedAt(organizationId, object, at.value.sequence) !== undefined;
    if (!isKnown) return err(accessErrors.noSuchObject(object));
    return ok({ past: past.value, question: { organizationId, permission, object, rules }, at: at.value });
  }

  /** Returns why a caller may not ask about others; undefined for those who read the whole audit log. */
  private async refusesOthers(context: OrganizationContext): Promise<DomainError | undefined> {
    const isReader = await this.readers.readsWholeLog(context);
    if (!isReader.ok) return isReader.error;
    return isReader.value ? undefined : accessErrors.others();
  }
}

const grantedTo = ({ scope, roles, audit, globalAdmin }: AccessRule): string[] => [
  ...(scope === 'self' ? ['any-user'] : []),
  ...roles,
  ...(audit ? ['audit'] : []),
  ...(globalAdmin ? ['global-admin'] : []),
];
