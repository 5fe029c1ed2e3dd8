export { openSmtpMail } from './smtp-mail.ts';
