import {
  changeOrganizationRequest,
  createOrganizationRequest,
  getOrganizationRequest,
  leaveOrganizationRequest,
  listMembersRequest,
  listOrganizationsRequest,
  removeMemberRequest,
  setMemberRequest,
} from '#organizations/contract';

/** Requests that the gateway serves over HTTP. `members/me` must precede `members/{user}`, which also matches it. */
export const organizationsRest = [
  listOrganizationsRequest,
  createOrganizationRequest,
  getOrganizationRequest,
  changeOrganizationRequest,
  listMembersRequest,
  leaveOrganizationRequest,
  setMemberRequest,
  removeMemberRequest,
] as const;
