"""Services from templates: reading and checking template files, and what is made of them. Pure but for reading files.

May import the contract, local_store's folders and the assets; knows nothing of servers or windows.
"""

from godploy_desktop.core.templates.connecting import connect, connectable, suggested_variable
from godploy_desktop.core.templates.library import (
    BrokenTemplate,
    Library,
    library,
    own_folder,
    read_template,
    source_of,
)
from godploy_desktop.core.templates.passwords import check_new_password
from godploy_desktop.core.templates.problems import TemplateBroken
from godploy_desktop.core.templates.rendering import render
from godploy_desktop.core.templates.schema import (
    Generated,
    Parameter,
    ParameterType,
    Public,
    Risk,
    Template,
    Version,
)
from godploy_desktop.core.templates.values import check_value, generate
from godploy_desktop.core.templates.versions import (
    VersionChange,
    VersionStep,
    serving_version,
    version_change,
    version_steps,
)

__all__ = [
    "BrokenTemplate",
    "Generated",
    "Library",
    "Parameter",
    "ParameterType",
    "Public",
    "Risk",
    "Template",
    "TemplateBroken",
    "Version",
    "VersionChange",
    "VersionStep",
    "check_new_password",
    "check_value",
    "connect",
    "connectable",
    "generate",
    "library",
    "own_folder",
    "read_template",
    "render",
    "serving_version",
    "source_of",
    "suggested_variable",
    "version_change",
    "version_steps",
]
