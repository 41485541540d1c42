"""Git hosts: accounts, repositories, deploy keys, webhooks. Imports the contract only."""
