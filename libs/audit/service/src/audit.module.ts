import { Module } from '@nestjs/common';
import { RefusalsHandlers } from './refusals/refusals.handlers.ts';

/** Every slice of the context. The tokens that they ask for are given by the process (`#runtime`). */
@Module({ controllers: [RefusalsHandlers] })
export class AuditModule {}
