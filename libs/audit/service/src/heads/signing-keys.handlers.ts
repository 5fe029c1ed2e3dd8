import { rotateAuditKeyRequest } from '#audit/contract';
import { Caller, Input, refuse, reply, Serves, type ContextOf, type ReplyTo } from '#bus';
import type { InputOf } from '#bus/contract';
import { Controller, Inject } from '@nestjs/common';
import { SigningKeys } from './signing-keys.service.ts';

@Controller()
export class SigningKeysHandlers {
  constructor(@Inject(SigningKeys) private readonly keys: SigningKeys) {}

  @Serves(rotateAuditKeyRequest)
  async rotate(
    @Input() _input: InputOf<typeof rotateAuditKeyRequest>,
    @Caller() context: ContextOf<typeof rotateAuditKeyRequest>,
  ): Promise<ReplyTo<typeof rotateAuditKeyRequest>> {
    const added = await this.keys.add(context);
    if (!added.ok) return refuse(added.error);
    const { key, retired, meta } = added.value;
    return reply({ ...key, retired: retired?.publicKey ?? null }, meta);
  }
}
