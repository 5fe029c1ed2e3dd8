import { reply, request, type ContextOf, type InputOf, type ReplyTo, type RequestContext } from '#bus/contract';
import { z } from 'zod';
import { Serves } from './serves.ts';

const base = { permission: 'application.read', output: z.object({ n: z.number() }), timeoutMs: 1_000 } as const;
const named = request({
  ...base,
  subject: 'types.v1.named',
  input: z.object({ org: z.string() }),
  organizationOf: ({ org }) => org,
});
const unnamed = request({ ...base, subject: 'types.v1.unnamed', input: z.object({ deep: z.boolean() }) });

/** Tests types: each mark expects a compiler error, and is an error without one. */
class Handlers {
  @Serves(named)
  async right(
    _input: InputOf<typeof named>,
    { organizationId }: ContextOf<typeof named>,
  ): Promise<ReplyTo<typeof named>> {
    return reply({ n: organizationId.length });
  }

  @Serves(unnamed)
  wide(_input: unknown, { organizationId }: RequestContext) {
    return reply({ n: organizationId === undefined ? 0 : 1 });
  }

  // @ts-expect-error the input of another contract
  @Serves(named)
  otherInput(_input: InputOf<typeof unnamed>) {
    return reply({ n: 1 });
  }

  // @ts-expect-error an organization where the contract names none
  @Serves(unnamed)
  otherContext(_input: InputOf<typeof unnamed>, { organizationId }: ContextOf<typeof named>) {
    return reply({ n: organizationId.length });
  }

  // @ts-expect-error the output of another contract
  @Serves(named)
  otherOutput() {
    return reply({ m: 1 });
  }
}

it('lets a handler be called like any method', async () => {
  const context = { organizationId: 'acme' } as ContextOf<typeof named>;
  expect(await new Handlers().right({ org: 'acme' }, context)).toMatchObject({ value: { n: 4 } });
});
