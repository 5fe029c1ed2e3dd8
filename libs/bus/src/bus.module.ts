import { Global, Module, type DynamicModule, type FactoryProvider } from '@nestjs/common';
import type { RequestGuard } from './request-guard.ts';
import { REQUEST_GUARD } from './serves.ts';

/** Provides the guard of served requests to every module of an application. Import it once, at the root. */
@Global()
@Module({})
export class BusModule {
  static forRoot(guard: RequestGuard): DynamicModule {
    return { module: BusModule, providers: [{ provide: REQUEST_GUARD, useValue: guard }], exports: [REQUEST_GUARD] };
  }

  /** Creates the module with a guard of injected parts, such as an AccessSource that is a provider. */
  static forRootAsync(
    guard: Pick<FactoryProvider<RequestGuard>, 'inject' | 'useFactory'> & {
      readonly imports?: DynamicModule['imports'];
    },
  ): DynamicModule {
    const { imports = [], ...factory } = guard;
    return {
      module: BusModule,
      imports,
      providers: [{ provide: REQUEST_GUARD, ...factory }],
      exports: [REQUEST_GUARD],
    };
  }
}
