export { openOutboxMail } from './outbox-mail.ts';
