import { preferredType } from './negotiation.ts';

describe('the type of a response', () => {
  const STREAM: readonly string[] = ['application/json', 'text/event-stream'];

  it.each([
    [undefined, 'application/json'],
    ['', 'application/json'],
    ['*/*', 'application/json'],
    ['text/event-stream', 'text/event-stream'],
    ['TEXT/Event-Stream', 'text/event-stream'],
    ['text/*', 'text/event-stream'],
    ['text/event-stream, application/problem+json', 'text/event-stream'],
    ['application/json;q=0.4, text/event-stream;q=0.5', 'text/event-stream'],
    ['text/event-stream;q=0.4, application/json;q=0.5', 'application/json'],
    ['application/json; charset=utf-8', 'application/json'],
    ['application/json;charset="UTF-8"', 'application/json'],
    ['text/html, */*;q=0.1', 'application/json'],
    ['text/event-stream;q=0, */*', 'application/json'],
  ])('for Accept %s is %s', (accept, type) => expect(preferredType(accept, STREAM)).toBe(type));

  it.each(['text/html', 'application/xml', 'application/json;q=0', 'json', ',;=', 'application/json;charset=latin1'])(
    'is undefined for Accept: %s',
    (accept) => expect(preferredType(accept, ['application/json', 'application/problem+json'])).toBeUndefined(),
  );
});
