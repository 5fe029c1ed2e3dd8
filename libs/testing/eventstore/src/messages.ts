import shared from '@eventstore/db-client/generated/shared_pb.js';
import status from '@eventstore/db-client/generated/status_pb.js';
import streams from '@eventstore/db-client/generated/streams_pb.js';
import any from 'google-protobuf/google/protobuf/any_pb.js';
import emptyMessage from 'google-protobuf/google/protobuf/empty_pb.js';
import { MOST_BYTES, type NewEvent, type Placed, type ServerEvent } from './server-log.ts';

/** Milliseconds since 1970, in the ticks of 100 ns that the server uses. */
const CREATED = String(Date.UTC(2026, 0, 1) * 10_000);
/** gRPC status codes (google.rpc.Code). */
const UNKNOWN = 2;
const FAILED_PRECONDITION = 9;

/** Returns one event as a response to a read or in a subscription. */
export function eventMessage(event: ServerEvent): streams.ReadResp {
  const uuid = new shared.UUID();
  uuid.setString(event.id);
  const recorded = new streams.ReadResp.ReadEvent.RecordedEvent();
  recorded.setId(uuid);
  recorded.setStreamIdentifier(identifier(event.stream));
  recorded.setStreamRevision(String(event.revision));
  recorded.setCommitPosition(String(event.position));
  recorded.setPreparePosition(String(event.position));
  recorded.getMetadataMap().set('type', event.type).set('content-type', event.contentType).set('created', CREATED);
  recorded.setData(event.data);
  recorded.setCustomMetadata(event.metadata);
  const read = new streams.ReadResp.ReadEvent();
  read.setEvent(recorded);
  read.setCommitPosition(String(event.position));
  const answer = new streams.ReadResp();
  answer.setEvent(read);
  return answer;
}

/** Returns the response to a read of a missing stream. */
export function notFoundMessage(stream: string): streams.ReadResp {
  const missing = new streams.ReadResp.StreamNotFound();
  missing.setStreamIdentifier(identifier(stream));
  const answer = new streams.ReadResp();
  answer.setStreamNotFound(missing);
  return answer;
}

/** Returns the first message of a subscription. */
export function confirmationMessage(id: string): streams.ReadResp {
  const confirmation = new streams.ReadResp.SubscriptionConfirmation();
  confirmation.setSubscriptionId(id);
  const answer = new streams.ReadResp();
  answer.setConfirmation(confirmation);
  return answer;
}

/** Returns the message of a subscription that has delivered all stored events. */
export function caughtUpMessage(): streams.ReadResp {
  const answer = new streams.ReadResp();
  answer.setCaughtUp(new streams.ReadResp.CaughtUp());
  return answer;
}

/** An append, combined from its messages. */
export interface Append {
  readonly correlationId: shared.UUID | undefined;
  readonly stream: string;
  /** -1 if the stream must not exist. */
  readonly expected: number;
  /** Time in milliseconds since 1970 after which nothing may be written. */
  readonly deadline: number;
  readonly events: readonly NewEvent[];
}

/** @throws Error for an expectation that is not exact, which the platform must never send */
export function appendOf(parts: readonly streams.BatchAppendReq[]): Append {
  const options = parts[0]?.getOptions();
  if (!options || !(options.hasNoStream() || options.hasStreamPosition()))
    throw new Error('an append came without an exact expectation');
  return {
    correlationId: parts[0]?.getCorrelationId(),
    stream: Buffer.from(options.getStreamIdentifier()?.getStreamName_asU8() ?? []).toString(),
    expected: options.hasNoStream() ? -1 : Number(options.getStreamPosition()),
    deadline: options.getDeadline()?.toDate().getTime() ?? Number.POSITIVE_INFINITY,
    events: parts.flatMap((part) => part.getProposedMessagesList().map(newEvent)),
  };
}

function newEvent(proposed: streams.BatchAppendReq.ProposedMessage): NewEvent {
  const metadata = proposed.getMetadataMap();
  return {
    id: proposed.getId()?.getString() ?? '',
    type: metadata.get('type') ?? '',
    contentType: metadata.get('content-type') ?? '',
    data: proposed.getData_asU8(),
    metadata: proposed.getCustomMetadata_asU8(),
  };
}

/** Returns the response to an append. */
export function appendMessage({ correlationId, stream, expected }: Append, placed: Placed): streams.BatchAppendResp {
  const answer = new streams.BatchAppendResp();
  answer.setCorrelationId(correlationId);
  answer.setStreamIdentifier(identifier(stream));
  if (placed.kind === 'appended') {
    const position = new shared.AllStreamPosition();
    position.setCommitPosition(String(placed.position));
    position.setPreparePosition(String(placed.position));
    const success = new streams.BatchAppendResp.Success();
    success.setCurrentRevision(String(placed.revision));
    success.setPosition(position);
    answer.setSuccess(success);
  } else if (placed.kind === 'too-large') {
    const details = new shared.MaximumAppendSizeExceeded();
    details.setMaxappendsize(MOST_BYTES);
    answer.setError(
      errorMessage(FAILED_PRECONDITION, 'Maximum Append Size Exceeded', 'MaximumAppendSizeExceeded', details),
    );
  } else {
    const details = new shared.WrongExpectedVersion();
    if (placed.current === -1) details.setCurrentNoStream(new emptyMessage.Empty());
    else details.setCurrentStreamRevision(String(placed.current));
    if (expected === -1) details.setExpectedNoStream(new emptyMessage.Empty());
    else details.setExpectedStreamPosition(String(expected));
    answer.setError(errorMessage(FAILED_PRECONDITION, 'Wrong Expected Version', 'WrongExpectedVersion', details));
  }
  return answer;
}

/** Returns the response of a server that has started but does not accept requests yet. */
export function notReadyMessage({ correlationId, stream }: Append): streams.BatchAppendResp {
  const answer = new streams.BatchAppendResp();
  answer.setCorrelationId(correlationId);
  answer.setStreamIdentifier(identifier(stream));
  answer.setError(errorMessage(UNKNOWN, 'Server Is Not Ready', 'BadRequest', new shared.BadRequest()));
  return answer;
}

function errorMessage(code: number, message: string, name: string, details: { serializeBinary(): Uint8Array }) {
  const packed = new any.Any();
  packed.pack(details.serializeBinary(), `event_store.client.${name}`);
  const error = new status.Status();
  error.setCode(code);
  error.setMessage(message);
  error.setDetails(packed);
  return error;
}

function identifier(stream: string): shared.StreamIdentifier {
  const name = new shared.StreamIdentifier();
  name.setStreamName(new Uint8Array(Buffer.from(stream)));
  return name;
}
