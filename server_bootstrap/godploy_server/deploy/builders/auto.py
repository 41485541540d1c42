"""Auto: looks at the source, picks one of the other builders and says why."""

from __future__ import annotations

from typing import Final

from godploy_server.contract import DeploymentFailed
from godploy_server.contract.building import AutoBuilder, Builder
from godploy_server.deploy.builders.builder import Way
from godploy_server.deploy.builders.buildpacks import BUILDPACKS
from godploy_server.deploy.builders.dockerfile import DOCKERFILE
from godploy_server.deploy.builders.nixpacks import NIXPACKS
from godploy_server.deploy.builders.static import STATIC

WAYS: Final = (DOCKERFILE, BUILDPACKS, NIXPACKS, STATIC)
"""In the order in which auto asks: what a person wrote for a builder first, what any source may have last."""


def chosen(builder: Builder, names: frozenset[str], root: str = "") -> tuple[Way, Builder, str]:
    """Give the way, its settings and why it is the one. `names` are what `top_of` found.

    Raises DeploymentFailed where auto finds nothing: it lists what was looked for.
    """
    if not isinstance(builder, AutoBuilder):
        way = next(each for each in WAYS if each.kind == builder.kind)
        return way, builder, "the service's settings say so"
    for way in WAYS:
        if found := way.detect(names):
            return way, *found
    looked_for = "; ".join(f"{way.looks_for} ({way.kind})" for way in WAYS)
    raise DeploymentFailed(
        "No builder fits this source",
        f"{f'its folder {root}' if root else 'its top'} has none of: {looked_for}",
        "Add one of them, name the folder of the application (root), or choose a builder in the service's settings",
    )
