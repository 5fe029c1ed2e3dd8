export {
  ensureSandboxRequest,
  sandboxAddressRequest,
  type SandboxAddress,
  type SandboxConnection,
} from './sandboxes.contract.ts';
