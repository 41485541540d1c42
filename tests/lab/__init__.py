"""The lab: real Debian servers, an image hub, DNS, ACME and a git host as containers on this machine."""
