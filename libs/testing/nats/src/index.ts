export { natsUser, type NatsUserClient } from './nats-user.ts';
