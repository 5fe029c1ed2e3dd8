export { checkMail, MAIL, messageOf, type Mail, type MailFailure, type OutgoingMail } from './mail.ts';
