import { BUS, type Bus, type RequestContext } from '#bus';
import { CLOCK, err, ok, type Clock, type DomainError, type Result } from '#kernel';
import {
  ensureSandboxRequest,
  sandboxAddressRequest,
  type SandboxAddress,
  type SandboxConnection,
} from '#sandbox-cluster/contract';
import { Inject, Injectable } from '@nestjs/common';

/** How long the absence of a sandbox service is cached, so that not every request looks for one. */
const ABSENT_MS = 10_000;

/** Requests sandbox clusters from the service that provides them. An installation may have none. */
@Injectable()
export class Sandboxes {
  private absentUntilMs = Number.NEGATIVE_INFINITY;

  constructor(
    @Inject(BUS) private readonly bus: Bus,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Returns the sandbox of an organization, created if necessary. Undefined if no service provides sandboxes. */
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

  /** Returns the current address of a sandbox. */
  async addressOf(organizationId: string): Promise<Result<SandboxAddress, DomainError>> {
    const answer = await this.bus.request(
      sandboxAddressRequest,
      { organizationId },
      this.bus.own({ organizationId, timeoutMs: sandboxAddressRequest.timeoutMs }),
    );
    return answer.ok ? ok(answer.value) : err(answer.error);
  }
}
