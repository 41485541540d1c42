"""The agent's HTTP API: HTTP/1.1 over a unix socket, JSON bodies of the types in this room.

Every error answer is `{"problem": Problem}` with the status of its class. Lists are JSON arrays. Streams are
`application/x-ndjson` or `application/octet-stream`, chunked, and end when the client closes the connection.

| verb and path | body | answer |
|---|---|---|
| GET /v1/info | | AgentInfo |
| GET /v1/events | | stream of Event |
| GET, PATCH /v1/settings | ChangeSettings | AgentSettings |
| GET, POST /v1/projects | CreateProject | Project, a list of it |
| GET, DELETE /v1/projects/{id} | | Project, RemovalPreview of what went |
| GET /v1/projects/{id}/removal | | RemovalPreview |
| GET /v1/services[?project=id], POST | CreateService | Service, a list of it |
| GET, PATCH, DELETE /v1/services/{id} | ChangeService | Service, RemovalPreview of what went |
| GET /v1/services/{id}/removal | | RemovalPreview |
| POST /v1/services/{id}/start, stop, restart | | Service |
| GET, PATCH /v1/services/{id}/variables | SetVariables | a list of Variable |
| POST /v1/services/{id}/domains | AddDomain | Domain |
| DELETE /v1/domains/{id} | | Domain |
| POST /v1/domains/{id}/check | | Domain (looks at DNS and certificate again) |
| GET /v1/services/{id}/deployments[?before=number], POST | Deploy | Deployment, a list of 50 of it, newest first |
| GET /v1/queue | | a list of Deployment: those that run, then those that wait, in order |
| GET /v1/deployments/{id} | | Deployment |
| POST /v1/deployments/{id}/cancel | | Deployment |
| GET /v1/deployments/{id}/log?offset=N&follow=0or1 | | stream of bytes; follow: until the deployment ends |
| GET /v1/services/{id}/releases | | a list of Release, newest first |
| POST /v1/services/{id}/rollback | RollBack | Deployment |
| GET /v1/services/{id}/logs?tail=N&follow=0or1 | | stream of LogLine |
| GET /v1/services/{id}/metrics?follow=0or1 | | stream of ServiceMetrics: the remembered hour, then every 2 s |
| GET /v1/metrics?follow=0or1 | | stream of ServerMetrics: the remembered hour, then every 2 s |
| POST /v1/services/{id}/plan | | BuildPlan: fetches the newest source and looks at it; builds nothing |
| POST /v1/builder/detect | DetectBuilder | Detection |
| POST /v1/repositories/look | LookAtRepository | RepositoryLook: fetches what is public; ends with the client |
| GET, POST /v1/services/{id}/uploads | PrepareUpload | Upload, the newest 5 of it |
| PUT /v1/services/{id}/uploads/{id}/contents | frames, see below | Upload |
| PUT /v1/services/{id}/archive?name=N | the archive's bytes | Upload |
| GET /v1/services/{id}/connections[?reveal=1] | | a list of Connection |
| POST /v1/services/{id}/rotate | RotatePassword | Rotated |
| GET, POST, DELETE /v1/services/{id}/hook | SetHook | Hook (404: it has none) |
| POST /v1/services/{id}/hook/secret | | HookSecret (the audit remembers who asked) |
| GET, POST, DELETE /v1/services/{id}/commit-status | SetStatusWriter | StatusWriter (404: the server tells none) |
| POST /v1/services/{id}/commit-status/test | | StatusWriter: told the newest state of a deployment again |
| GET /v1/services/{id}/deliveries | | a list of 50 of Delivery, newest first |
| POST /v1/deliveries/{id}/redeliver | | Delivery: decided anew, as if it came now |
| POST /v1/services/{id}/source/check | | SourceCheck: asks for the source with the service's key; fetches nothing |
| GET, POST /v1/git/host-keys | TrustHostKey | TrustedHostKey, a list of it: the git hosts' keys that are accepted |
| DELETE /v1/git/host-keys/{id} | | TrustedHostKey |
| POST /v1/git/host-keys/scan | ScanGitHost | GitHostScan: what the host shows now |
| GET, POST /v1/hooks | SetSharedHook | SharedHook, a list of it: hooks of the server itself |
| DELETE /v1/hooks/{id} | | SharedHook, with the services that deployed through it |
| GET, POST /v1/registries | SetRegistry | Registry, a list of it |
| DELETE /v1/registries/{id} | | Registry |
| POST /v1/registries/{id}/check | | Registry (logs in again) |
| GET, POST /v1/cleanup | | Cleanup: what would go, what went |
| POST /v1/shutdown | ShutDown | Leftovers (embedded agents only; running deployments go on) |

Contents of an upload are sent as frames, one after the other: 32 bytes SHA-256, 8 bytes length (big-endian), then that
many bytes. They are checked as they come; what arrived stays, so that a broken upload goes on with what is missing.

A request may carry `Godploy-Actor: name` (who asks, shown in the history) and must carry
`Godploy-Contract: <CONTRACT_VERSION>`; another contract version is refused with `version-mismatch` on everything
but /v1/info.
"""

from __future__ import annotations

from typing import Final

AGENT_SOCKET: Final = "/run/godploy/agent.sock"
"""Where a system agent listens; owner root, group godploy, mode 0660."""

CONTRACT_HEADER: Final = "godploy-contract"
ACTOR_HEADER: Final = "godploy-actor"
