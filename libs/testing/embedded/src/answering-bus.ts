import { busErrors, type Bus, type Reply, type RequestContext } from '#bus';
import type { Contract } from '#bus/contract';
import type { CommandContext } from '#kernel';

/** Responses of other contexts, by subject. */
export type StubResponses = Readonly<
  Record<string, (input: never, context: RequestContext) => Promise<Reply<unknown>> | Reply<unknown>>
>;

/**
 * Bus that stands in for other contexts in the tests of one context. Requests and responses are validated by their
 * contracts. Subjects without a response are unavailable.
 */
export function stubBus(service: string, responses: StubResponses): Bus {
  let drawn = 0;
  return {
    async request(contract: Contract, input: unknown, context: RequestContext) {
      const parsed = contract.input.parse(input);
      const respond = responses[contract.subject];
      if (!respond)
        return {
          ok: false,
          error: busErrors.nobodyServes(contract.subject),
        } as never;
      const replied = await respond(parsed as never, context);
      if (replied.ok) contract.output.parse(replied.value);
      return replied as never;
    },
    stream() {
      throw new Error('no stream is served here');
    },
    own({
      correlationId = 'test-correlation',
      commandId,
      causationId,
      organizationId,
      dryRun,
    }: Partial<CommandContext>): RequestContext {
      drawn++;
      return {
        principal: { kind: 'service', service },
        actor: { id: `system:${service}`, kind: 'system', isGlobalAdmin: false },
        commandId: commandId ?? `${String(drawn).padStart(32, '0')}.${'0'.repeat(32)}`,
        correlationId,
        deadlineMs: Number.MAX_SAFE_INTEGER,
        ...(causationId !== undefined && { causationId }),
        ...(organizationId !== undefined && { organizationId }),
        ...(dryRun && { dryRun }),
      };
    },
  };
}
