export { pinGit } from './git/pin-git.ts';
export { renderGit } from './git/render-git.ts';
export type {
  ChartValues,
  GitSource,
  HelmSource,
  HostSettings,
  PinSource,
  RenderedSource,
  RenderSource,
  RenderTarget,
  SourceContext,
  SourcePin,
  SourcePrograms,
} from './source.ts';
export { findPrograms } from './find-programs.ts';
export { createSlots } from './slots.ts';
export { pinHelm } from './helm/pin-helm.ts';
export { renderHelm } from './helm/render-helm.ts';
