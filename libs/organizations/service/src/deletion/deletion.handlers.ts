import { Caller, Input, reply, Serves, type ContextOf, type ReplyTo } from '#bus';
import type { InputOf } from '#bus/contract';
import { deleteOrganizationRequest } from '#organizations/contract';
import { Controller, Inject } from '@nestjs/common';
import { OrganizationDeletion } from './deletion.service.ts';

@Controller()
export class DeletionHandlers {
  constructor(@Inject(OrganizationDeletion) private readonly deletion: OrganizationDeletion) {}

  @Serves(deleteOrganizationRequest)
  async delete(
    @Input() _input: InputOf<typeof deleteOrganizationRequest>,
    @Caller() context: ContextOf<typeof deleteOrganizationRequest>,
  ): Promise<ReplyTo<typeof deleteOrganizationRequest>> {
    const deleted = await this.deletion.delete(context);
    if (!deleted.ok) return deleted;
    return reply({ id: context.organizationId, ...deleted.value, status: 'DELETING' });
  }
}
