export { podViolations, type PodSecurityLevel, type PodViolation } from './pod-security.ts';
