"""A folder of this computer as a source: which of its files count, what they hold, what changed. Imports contract."""
