"""The desktop side of Godploy: the window, the headless command, and everything that reaches a server.

May import `godploy_server.contract`, nothing else of the server side.
"""
