import type { Contract } from '#bus/contract';
import type { INestApplication } from '@nestjs/common';
import { checkServedContracts } from './check-served.ts';
import type { BusTransport } from './transport.ts';

/**
 * Makes an application serve its contracts over `transport`: checks them, connects the strategy. Order of a start:
 * `NestFactory.create`, `connectBus`, `app.init()`, `app.startAllMicroservices()`, `app.listen()` where there is HTTP,
 * then background loops. Nothing may ask the bus in a hook: nobody serves yet.
 *
 * @returns the contracts that are served
 * @throws Error that names every fault of what is served
 */
export function connectBus(app: INestApplication, transport: BusTransport): Contract[] {
  const contracts = checkServedContracts(app);
  app.connectMicroservice({ strategy: transport.server() }, { inheritAppConfig: true });
  return contracts;
}
