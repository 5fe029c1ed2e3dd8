export { natsTransport } from './nats.ts';
