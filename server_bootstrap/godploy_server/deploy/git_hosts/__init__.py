"""Git hosts: whose SSH host keys this server accepts, and what a host shows. Part of fetching; imports no builder."""
