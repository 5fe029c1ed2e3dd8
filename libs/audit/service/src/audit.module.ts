import { Module } from '@nestjs/common';
import { RefusalsHandlers } from './refusals/refusals.handlers.ts';

/** All slices of the context. The process provides the tokens that they inject (`#runtime`). */
@Module({ controllers: [RefusalsHandlers] })
export class AuditModule {}
