export { keyRingEvents, type KeyLimits, type KeyRingEvent } from '#access';

export const keyRingStream = (organizationId: string): string => `keys-${organizationId}`;
