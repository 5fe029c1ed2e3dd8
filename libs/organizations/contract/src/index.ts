export {
  changeOrganizationRequest,
  createOrganizationRequest,
  displayNameSchema,
  ensureDefaultOrganizationRequest,
  getOrganizationRequest,
  leaveOrganizationRequest,
  listMembersRequest,
  listOrganizationsRequest,
  removeMemberRequest,
  setMemberRequest,
  setSeatLimitRequest,
  type OrganizationView,
} from './organizations.contract.ts';
