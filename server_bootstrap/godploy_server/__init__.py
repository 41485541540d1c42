"""The server side of Godploy: the agent, the relay and the deploy engine. Needs Python 3.10 or later, pure Python.

Imports nothing of the desktop.
"""

__version__ = "0.1.0"
