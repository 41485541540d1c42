"""The fields that making a service and changing its settings share: sources, builders, storage and ports."""
