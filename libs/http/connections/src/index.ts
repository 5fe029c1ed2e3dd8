export { announcesBody, answerThenLinger, isBodyPending } from './unread-body.ts';
