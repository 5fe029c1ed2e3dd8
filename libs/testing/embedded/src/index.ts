export { answeringBus, type Answers } from './answering-bus.ts';
export { bootModule } from './boot-module.ts';
export { openEmbedded, type Embedded } from './open-embedded.ts';
