"""The automations of a deployment, created together with it: a step of config/prefect.yaml, and part of `serve`.

The triggers of a deployment can only start runs. To change the state of a dead run takes an automation of its own,
which Prefect does not deploy by itself.
"""

from __future__ import annotations

from pathlib import Path

import yaml
from prefect.client.orchestration import get_client
from prefect.events.schemas.automations import AutomationCore

from flows.errors import UsageError
from flows.settings.bundled import config_folder


def deploy_automations(file: str | None = None) -> dict[str, str]:
    """Create the automations of a file on the Prefect server; those that exist there by name are brought up to date.

    `file` is relative to the current folder; without one, or if it does not exist, copydesk's own automations.yaml is
    taken. One that was switched off on the server stays off. Returns their names, joined, as the output of a step.
    Raises UsageError if the file holds no automations.
    """
    path = Path(file) if file and Path(file).exists() else config_folder() / "automations.yaml"
    given = yaml.safe_load(path.read_text(encoding="utf-8"))
    if not isinstance(given, dict) or not given.get("automations"):
        raise UsageError(f"{path}: no automations; see {config_folder() / 'automations.yaml'}")
    automations = [AutomationCore.model_validate(one) for one in given["automations"]]
    with get_client(sync_client=True) as client:
        for automation in automations:
            there = client.read_automations_by_name(automation.name)
            if there:
                kept = automation.model_copy(update={"enabled": there[0].enabled})
                client.update_automation(there[0].id, kept)
            else:
                client.create_automation(automation)
    return {"automations": ", ".join(automation.name for automation in automations)}
