"""Connecting an application to a database: one of its variables becomes a reference to what the database offers."""

from __future__ import annotations

from godploy_server.contract import BadInput, Conflict, Output, Service, SetVariables, Variable, check_variable_name


def connectable(service: Service) -> tuple[Output, ...]:
    """Give the outputs of a service that others of its project may refer to, the most wanted first."""
    outputs = service.template.outputs if service.template else ()
    inside = [each for each in outputs if not each.is_public]
    return tuple(sorted(inside, key=lambda each: not each.variable))


def suggested_variable(service: Service, output: Output) -> str:
    """Give the name of the variable that an application gets for an output: the template's, else made of both
    names."""
    return output.variable or f"{service.name}_{output.name}".upper().replace("-", "_")


def connect(application: Service, database: Service, output: str = "", variable: str = "") -> SetVariables:
    """Give the change of `application`'s variables that connects it to `database`. It takes effect with the next
    deployment, and follows the password from then on.

    `output` "" means the one that applications mostly want, `variable` "" its usual name. Raises BadInput for an
    output that is not offered, Conflict for services that cannot reach each other.
    """
    if application.id == database.id:
        raise Conflict(f"{database.name} cannot be connected to itself", "it would wait for itself", "Choose another")
    if application.project_id != database.project_id:
        raise Conflict(
            f"{application.name} cannot reach {database.name}",
            "they are in different projects, whose networks are kept apart",
            "Create a database in the application's project, or publish its port and set a variable by hand",
        )
    offered = connectable(database)
    if not offered:
        raise BadInput(
            f"{database.name} offers nothing to connect to",
            "it was not made from a template with connections",
            "Set a variable with its address by hand",
        )
    chosen = next((each for each in offered if each.name == output), None) if output else offered[0]
    if chosen is None:
        names = ", ".join(each.name for each in offered)
        raise BadInput(f"{database.name} offers no “{output}”", f"it offers {names}", "Choose one of them")
    name = check_variable_name(variable or suggested_variable(database, chosen))
    reference = f"{database.name}.{chosen.name}"
    return SetVariables(put=(Variable(name, None, is_secret=True, reference=reference),))
