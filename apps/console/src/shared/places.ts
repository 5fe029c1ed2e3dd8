/** The form for a new application, below `/o/:org`. No application can be named `-`, so it hides the page of none. */
export const NEW_APPLICATION = '/apps/-/new';

/** Pages of an organization: the key after `g`, the title, and the path below `/o/:org`. */
export const ORGANIZATION_PLACES: readonly (readonly [key: string, title: string, path: string])[] = [
  ['h', 'Home', ''],
  ['a', 'Applications', '/apps'],
  ['n', 'New application', NEW_APPLICATION],
  ['p', 'Profiles', '/profiles'],
  ['c', 'Clusters', '/clusters'],
  ['l', 'Audit', '/audit'],
  ['s', 'Settings', '/settings/general'],
  ['m', 'Members', '/settings/members'],
  ['k', 'API keys', '/settings/keys'],
  ['d', 'Git and registry credentials', '/settings/credentials'],
  ['u', 'Plan and usage', '/settings/plan'],
];

/** Pages of global admins: titles and paths. */
export const ADMIN_PLACES: readonly (readonly [title: string, path: string])[] = [
  ['All organizations', '/admin/organizations'],
  ['Users', '/admin/users'],
  ['Egress', '/admin/egress'],
  ['Projections', '/admin/projections'],
  ['Doctor', '/admin/doctor'],
];
