import type { Contract } from '#bus/contract';
import type { INestApplication } from '@nestjs/common';
import { checkServedContracts } from './check-served.ts';
import type { BusTransport } from './transport.ts';

/**
 * Makes an application serve its contracts over `transport`: checks them, and connects the strategy. Order of a
 * startup: `NestFactory.create`, `connectBus`, `app.init()`, `app.startAllMicroservices()`, `app.listen()` if it serves
 * HTTP, then background loops. Hooks must not send requests, because nothing is served yet.
 *
 * @returns the served contracts
 * @throws Error with all faults of what is served
 */
export function connectBus(app: INestApplication, transport: BusTransport): Contract[] {
  const contracts = checkServedContracts(app);
  app.connectMicroservice({ strategy: transport.server() }, { inheritAppConfig: true });
  return contracts;
}
