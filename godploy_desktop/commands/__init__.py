"""The headless command, one file per noun. Each calls the same operations as the window; it only reads and prints.

A noun's file is loaded when that noun is used, so `godploy --help` loads none of them.
"""
