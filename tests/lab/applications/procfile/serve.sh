#!/bin/sh
# Serves its folder with whatever Python there is; nothing here says which language it is.
exec python3 -m http.server "${PORT:-8080}"
