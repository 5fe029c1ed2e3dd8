import { PUBLIC } from '#access';
import { reply, request, type RequestContract } from '#bus/contract';
import { silentLogger } from '#kernel';
import { manualClock } from '#testing';
import { Controller, Inject, Module, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { MessagePattern } from '@nestjs/microservices';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { z } from 'zod';
import { BusModule } from './bus.module.ts';
import { checkServedContracts } from './check-served.ts';
import { RequestGuard, type RequestGuardOptions } from './request-guard.ts';
import { Input, Serves } from './serves.ts';

const contract = (subject: string, more: Partial<RequestContract> = {}) =>
  request({ subject, permission: PUBLIC, input: z.object({}), output: z.unknown(), timeoutMs: 1_000, ...more });
const one = contract('boot.v1.one');

async function check(controllers: Type[], options: Partial<RequestGuardOptions> = {}) {
  const guard = new RequestGuard({
    keys: [{ id: 'k', key: new Uint8Array(32) }],
    clock: manualClock(),
    logger: silentLogger,
    ...options,
  });
  class Root {}
  Module({ imports: [BusModule.forRoot(guard)], controllers, providers: [{ provide: 'WORD', useValue: 'word' }] })(
    Root,
  );
  const app = await NestFactory.create(Root, new FastifyAdapter(), { logger: false });
  try {
    return checkServedContracts(app);
  } finally {
    await app.close();
  }
}

describe('the startup check', () => {
  it('accepts valid handlers and contracts', async () => {
    @Controller()
    class Good {
      constructor(@Inject('WORD') readonly word: string) {}
      @Serves(one)
      one(@Input() input: unknown) {
        return reply(input);
      }
    }
    expect(await check([Good])).toEqual([one]);
  });

  it('rejects a handler without a contract', async () => {
    @Controller()
    class Loose {
      @MessagePattern('loose')
      loose() {
        return 1;
      }
    }
    await expect(check([Loose])).rejects.toThrow('Loose.loose serves messages without a contract');
  });

  it('rejects a contract without a permission, which must be an explicit PUBLIC', async () => {
    @Controller()
    class Open {
      @Serves({ ...one, permission: undefined } as unknown as RequestContract)
      open() {
        return reply(1);
      }
    }
    await expect(check([Open])).rejects.toThrow('PUBLIC must be spelled out');
  });

  it('rejects a subject that is served twice, even by two controllers', async () => {
    @Controller()
    class First {
      @Serves(one)
      one() {
        return reply(1);
      }
    }
    @Controller()
    class Second {
      @Serves(one)
      again() {
        return reply(2);
      }
    }
    await expect(check([First, Second])).rejects.toThrow('boot.v1.one is served twice: by First.one and Second.again');
  });

  it('rejects a constructor parameter without @Inject, and a handler parameter without decorator', async () => {
    @Controller()
    class Wrong {
      constructor(readonly word?: string) {}
      @Serves(one)
      one(input: unknown) {
        return reply(input);
      }
    }
    const attempt = check([Wrong]);
    await expect(attempt).rejects.toThrow('Wrong has a constructor parameter without @Inject');
    await expect(attempt).rejects.toThrow('Wrong.one has a parameter without @Input()');
  });

  it('rejects a permission in an organization without an organization, or without a directory', async () => {
    @Controller()
    class Rights {
      @Serves(contract('boot.v1.nowhere', { permission: 'application.read' }))
      one() {
        return reply(1);
      }
    }
    const attempt = check([Rights]);
    await expect(attempt).rejects.toThrow('needs organizationOf');
    await expect(attempt).rejects.toThrow('needs an access directory');
  });

  it('rejects an organization without a permission in it', async () => {
    @Controller()
    class Open {
      @Serves(contract('boot.v1.open', { organizationOf: () => 'acme' }))
      one() {
        return reply(1);
      }
    }
    await expect(check([Open])).rejects.toThrow('PUBLIC is not a right in an organization');
  });

  it('rejects another permission that suffices, but is of another scope', async () => {
    @Controller()
    class Mixed {
      @Serves(
        contract('boot.v1.mixed', {
          permission: 'application.read',
          orPermission: 'platform.users',
          organizationOf: () => 'acme',
        }),
      )
      one() {
        return reply(1);
      }
    }
    await expect(check([Mixed])).rejects.toThrow('which is not of the scope of application.read');
  });

  it('rejects a request between services that lists none', async () => {
    @Controller()
    class Inside {
      @Serves(contract('boot.v1.inside', { permission: 'SERVICES_ONLY' }))
      one() {
        return reply(1);
      }
    }
    await expect(check([Inside])).rejects.toThrow('lists none');
  });
});
