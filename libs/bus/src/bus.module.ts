import { Global, Module, type DynamicModule, type FactoryProvider } from '@nestjs/common';
import type { RequestGate } from './gate.ts';
import { GATE } from './serves.ts';

/** Gives every module of an application the gate that its served requests pass. Import it once, at the root. */
@Global()
@Module({})
export class BusModule {
  static forRoot(gate: RequestGate): DynamicModule {
    return { module: BusModule, providers: [{ provide: GATE, useValue: gate }], exports: [GATE] };
  }

  /** The same with a gate made of injected parts (an AccessSource that is a provider, say). */
  static forRootAsync(
    gate: Pick<FactoryProvider<RequestGate>, 'inject' | 'useFactory'> & { readonly imports?: DynamicModule['imports'] },
  ): DynamicModule {
    const { imports = [], ...factory } = gate;
    return { module: BusModule, imports, providers: [{ provide: GATE, ...factory }], exports: [GATE] };
  }
}
