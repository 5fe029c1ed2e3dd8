import { BUILT_IN_ISSUER, type BuiltInIssuer } from '#identity/issuer';
import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { FastifyInstance } from 'fastify';
import { PasswordLinks } from './password-links.service.ts';

/** Serves the built-in issuer below `/oidc` of the process. */
@Injectable()
export class IssuerPages implements OnModuleInit {
  constructor(
    @Inject(BUILT_IN_ISSUER) private readonly builtIn: BuiltInIssuer | null,
    @Inject(HttpAdapterHost) private readonly host: HttpAdapterHost,
    @Inject(PasswordLinks) private readonly links: PasswordLinks,
  ) {}

  async onModuleInit(): Promise<void> {
    await this.builtIn?.issuer.mount(this.host.httpAdapter.getInstance<FastifyInstance>(), this.links);
  }
}
