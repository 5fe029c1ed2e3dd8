export { natsTransport, type NatsOptions } from './nats.ts';
