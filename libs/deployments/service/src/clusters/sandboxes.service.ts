import { BUS, type Bus, type RequestContext } from '#bus';
import { CLOCK, err, ok, type Clock, type DomainError, type Result } from '#kernel';
import {
  ensureSandboxRequest,
  sandboxAddressRequest,
  type SandboxAddress,
  type SandboxConnection,
} from '#sandbox-cluster/contract';
import { Inject, Injectable } from '@nestjs/common';

/** How long it is believed that no service runs sandboxes, so that not every request of every organization asks. */
const ABSENT_MS = 10_000;

/** Sandbox clusters, asked of the service that runs them. An installation may have none. */
@Injectable()
export class Sandboxes {
  private absentUntilMs = Number.NEGATIVE_INFINITY;

  constructor(
    @Inject(BUS) private readonly bus: Bus,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** The sandbox of an organization, made when there is none; undefined where nobody runs sandboxes. */
  async ensure(
    organizationId: string,
    cause: RequestContext,
  ): Promise<Result<SandboxConnection | undefined, DomainError>> {
    if (this.clock.monotonic() < this.absentUntilMs) return ok(undefined);
    const { correlationId } = cause;
    const timeoutMs = ensureSandboxRequest.timeoutMs;
    const own = this.bus.own({ organizationId, correlationId, timeoutMs });
    const answer = await this.bus.request(ensureSandboxRequest, { organizationId }, own);
    if (answer.ok) return ok(answer.value);
    if (answer.error.code !== 'bus/nobody-serves') return err(answer.error);
    this.absentUntilMs = this.clock.monotonic() + ABSENT_MS;
    return ok(undefined);
  }

  /** Where a sandbox is reached now. */
  async addressOf(organizationId: string): Promise<Result<SandboxAddress, DomainError>> {
    const answer = await this.bus.request(
      sandboxAddressRequest,
      { organizationId },
      this.bus.own({ organizationId, timeoutMs: sandboxAddressRequest.timeoutMs }),
    );
    return answer.ok ? ok(answer.value) : err(answer.error);
  }
}
