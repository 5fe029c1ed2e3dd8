export { stubBus as answeringBus, type StubResponses as Answers } from './answering-bus.ts';
export { bootModule } from './boot-module.ts';
export { killAtEachAppend } from './kill-at-each-append.ts';
export { openEmbedded, type Embedded } from './open-embedded.ts';
export { openWorkQueue } from './open-work-queue.ts';
