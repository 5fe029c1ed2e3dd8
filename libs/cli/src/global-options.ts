import { Option } from 'commander';
import { FORMATS } from './print.ts';

/** Returns the flags that every command has. */
export const globalOptions = (): readonly Option[] => [
  new Option('-o, --output <format>', 'output format').choices(FORMATS),
  new Option('--org, --org-id <org>', 'organization, by ID or slug'),
  new Option('--api-url <url>', 'address of the platform; auth login remembers it'),
  new Option('--request-timeout <time>', 'timeout of a request, such as 30s'),
  new Option('--as-admin', "use a global admin's login instead of a key"),
  new Option('--no-color', 'do not use colors'),
  new Option('-q, --quiet', 'print only data'),
  new Option('-y, --yes', 'do not ask for confirmation'),
  new Option('--debug', 'show requests on standard error'),
];
