export { addressList } from './address-list.ts';
export { endConnection } from './end-connection.ts';
export { limitConnections, networkOf } from './limit-connections.ts';
export { announcesBody, respondAndLinger as answerThenLinger, isBodyPending } from './unread-body.ts';
export { LoopWatch } from './loop-watch.ts';
