import {
  pinGit,
  pinHelm,
  renderGit,
  renderHelm,
  type GitSource,
  type HelmSource,
  type PinSource,
  type RenderSource,
  type SourcePrograms,
} from '#sources';

/** The functions that fetch and render sources. */
export interface SourceLibrary {
  readonly pinGit: PinSource<GitSource>;
  readonly renderGit: RenderSource<GitSource>;
  readonly pinHelm: PinSource<HelmSource>;
  readonly renderHelm: RenderSource<HelmSource>;
}

/** The functions of this platform. */
export const sourceLibrary: SourceLibrary = { pinGit, renderGit, pinHelm, renderHelm };

/** Injection token of `SourceLibrary`. */
export const SOURCE_LIBRARY = Symbol('source library');

/** Settings of sources from the configuration of the process. */
export interface SourceSettings {
  /** Finds the programs on first use. */
  readonly programs: () => Promise<SourcePrograms>;
  /** Folder in which temporary folders are created. */
  readonly folder: string;
}

/** Injection token of `SourceSettings`. */
export const SOURCE_SETTINGS = Symbol('source settings');
