import { Caller, Input, refuse, reply, Serves, type ContextOf, type ReplyTo } from '#bus';
import type { InputOf } from '#bus/contract';
import { reviewAccessRequest } from '#deployments/contract';
import { parsePosition } from '#kernel';
import { Controller, Inject } from '@nestjs/common';
import { AccessEnds } from './access-ends.service.ts';

/** Handles requests of organizations after a membership ended or its role was lowered. */
@Controller()
export class AccessReviewHandlers {
  constructor(@Inject(AccessEnds) private readonly ends: AccessEnds) {}

  @Serves(reviewAccessRequest)
  async review(
    @Input() { organizationId, memberId, position }: InputOf<typeof reviewAccessRequest>,
    @Caller() context: ContextOf<typeof reviewAccessRequest>,
  ): Promise<ReplyTo<typeof reviewAccessRequest>> {
    const atLeast = parsePosition(position);
    if (!atLeast.ok) return refuse(atLeast.error);
    const pending = await this.ends.review({ organizationId, memberId }, context, atLeast.value);
    return pending.ok
      ? reply({ pending: pending.value.map(({ cluster, error: { code } }) => ({ cluster, code })) })
      : refuse(pending.error);
  }
}
