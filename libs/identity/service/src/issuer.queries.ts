import { Input, refuse, reply, Serves, type ReplyTo } from '#bus';
import type { InputOf } from '#bus/contract';
import { issuerKeysRequest, issuerTokenRequest } from '#identity/contract';
import { BUILT_IN_ISSUER, type BuiltInIssuer } from '#identity/issuer';
import { Controller, Inject } from '@nestjs/common';
import { identityErrors } from './identity.errors.ts';

@Controller()
export class IssuerQueries {
  constructor(@Inject(BUILT_IN_ISSUER) private readonly builtIn: BuiltInIssuer | null) {}

  @Serves(issuerKeysRequest)
  keys(): Promise<ReplyTo<typeof issuerKeysRequest>> {
    return Promise.resolve(reply({ keys: [...(this.builtIn?.issuer.jwks().keys ?? [])] }));
  }

  @Serves(issuerTokenRequest)
  async token(@Input() { form }: InputOf<typeof issuerTokenRequest>): Promise<ReplyTo<typeof issuerTokenRequest>> {
    const issuer = this.builtIn?.issuer;
    return issuer ? reply(await issuer.redeem(form)) : refuse(identityErrors.noBuiltInIssuer());
  }
}
