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

/** What the gateway makes routes of. `members/me` stands before `members/{user}`: the fixed path is meant. */
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
