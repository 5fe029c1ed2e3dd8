import type { ComponentType } from 'react';

/** A page and its address. Its code is loaded when it is opened. */
export interface PageRoute {
  /** `organization`: below `/o/$org`. `frame`: with the rail, for no organization. `outside`: without the rail. */
  readonly parent: 'organization' | 'frame' | 'outside';
  readonly path: string;
  load(): Promise<{ readonly default: ComponentType }>;
}
