import { reply, Serves, type ReplyTo } from '#bus';
import { issuerKeysRequest } from '#identity/contract';
import { BUILT_IN_ISSUER, type BuiltInIssuer } from '#identity/issuer';
import { Controller, Inject } from '@nestjs/common';

@Controller()
export class IssuerQueries {
  constructor(@Inject(BUILT_IN_ISSUER) private readonly builtIn: BuiltInIssuer | null) {}

  @Serves(issuerKeysRequest)
  keys(): Promise<ReplyTo<typeof issuerKeysRequest>> {
    return Promise.resolve(reply({ keys: [...(this.builtIn?.issuer.jwks().keys ?? [])] }));
  }
}
