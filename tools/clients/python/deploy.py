"""Deploys, lists and deletes an application with the client that openapi-python-client generated.

deploy.py CLIENT_FOLDER URL KEY ORGANIZATION PROFILE, with the generated package `astro_platform_client` in the folder.
Prints a line for each step.
"""

import sys
import time

folder, url, key, organization, profile = sys.argv[1:]
sys.path.insert(0, folder)

from astro_platform_client import AuthenticatedClient  # noqa: E402
from astro_platform_client.api.default import (  # noqa: E402
    deployments_v1_applications_apply as apply,
    deployments_v1_applications_delete as delete,
    deployments_v1_applications_get as get,
    deployments_v1_applications_list as list_applications,
)
from astro_platform_client.models import Problem  # noqa: E402

client = AuthenticatedClient(base_url=url, token=key)


def manifest(tag: str):
    source = {"registry": "registry.example", "repository": "web", "tag": tag, "port": 8080}
    spec = {"name": "from-python", "profileName": profile, "source": {"type": "image", "image": source}}
    return {"apiVersion": "platform.astropulse.io/v1", "kind": "Application", "spec": spec}


def body(tag: str):
    """The generated type of the body, from what a manifest file holds."""
    from astro_platform_client import models

    for name in dir(models):
        if name.startswith("DeploymentsV1ApplicationsApplyBody") and name.endswith("Type0"):
            return getattr(models, name).from_dict(manifest(tag))
    raise SystemExit("the body of the application has no type")


for tag in ("1", "2"):
    done = apply.sync_detailed(organization, "from-python", client=client, body=body(tag))
    print("applied", done.status_code.value, done.parsed.outcome.value, done.parsed.application.name)
page = list_applications.sync(organization, client=client)
print("listed", [item.name for item in page.items])
missing = get.sync(organization, "none-such", client=client)
print("missing", isinstance(missing, Problem), missing.status)
gone = delete.sync_detailed(organization, "from-python", client=client)
print("deleted", gone.status_code.value, gone.parsed.name)
for _ in range(600):
    left = list_applications.sync(organization, client=client)
    if not left.items:
        break
    time.sleep(0.1)
print("left", [item.name for item in left.items])
