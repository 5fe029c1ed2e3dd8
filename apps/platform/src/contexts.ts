import { accessKeysService } from '#access-keys/service';
import { auditService } from '#audit/service';
import { billingService } from '#billing/service';
import { deploymentsService } from '#deployments/service';
import { identityService } from '#identity/service';
import { organizationsService } from '#organizations/service';
import { sandboxClusterService } from '#sandbox-cluster/service';

/** All services except the deploy worker. */
export const CONTEXTS = [
  identityService,
  organizationsService,
  accessKeysService,
  billingService,
  auditService,
  deploymentsService,
  sandboxClusterService,
];
