import { actorOf } from '#access';
import { idOf, type CommandContext, type EventMetadata } from '#kernel';

/**
 * Returns the context of a command with which a service reacts to an event in the stream of an organization. The
 * command has the ID of the one that recorded the event, so that a repeated reaction records nothing.
 *
 * @param service its name, such as `billing`
 */
export const reactionContext = (
  service: string,
  { commandId, correlationId, id, stream }: EventMetadata,
): CommandContext => ({
  actor: actorOf({ kind: 'service', service }, false),
  commandId,
  correlationId,
  causationId: id,
  organizationId: idOf(stream),
});
