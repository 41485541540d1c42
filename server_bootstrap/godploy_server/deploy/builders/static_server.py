"""The configuration of the web server of a static site: pure text.

Source: nginx documentation, ngx_http_core_module (location, try_files), ngx_http_gzip_module, ngx_http_headers_module.
"""

from __future__ import annotations

from typing import Final

SITE_FOLDER: Final = "/site"

_COMPRESSED: Final = (
    "text/css text/plain text/xml text/javascript application/javascript application/json application/manifest+json "
    "application/xml application/rss+xml application/wasm image/svg+xml"
)
# a name that a bundler made from the content: after a dot or dash eight or more characters, one a digit or a capital
_HASHED: Final = (
    r"[.-](?=[A-Za-z0-9_-]*[0-9A-Z])[A-Za-z0-9_-]{8,}"
    r"\.(css|js|mjs|map|wasm|woff2?|ttf|otf|png|jpe?g|gif|webp|avif|svg|ico|mp4|webm)$"
)


def server_configuration(port: int, *, single_page: bool) -> str:
    """Give nginx's whole configuration for the files in SITE_FOLDER.

    What carries a hash in its name is kept by browsers for a year; everything else is asked for again each time, with
    an ETag. Files whose names begin with a dot are not there, but for `.well-known`. A path that is no file gets
    index.html where the site is a single page (a hashed name does not: an old page must not take HTML for a script),
    else 404 with the site's own 404.html.
    """
    fallback = "/index.html" if single_page else "=404"
    not_found = [] if single_page else ["    error_page 404 /404.html;"]
    return "\n".join(
        [
            "worker_processes auto;",
            "pid /tmp/nginx.pid;",
            "error_log /dev/stderr warn;",
            "events { worker_connections 1024; }",
            "http {",
            "  include /etc/nginx/mime.types;",
            "  default_type application/octet-stream;",
            "  access_log off;",
            "  server_tokens off;",
            "  sendfile on;",
            "  tcp_nopush on;",
            "  keepalive_timeout 65s;",
            "  gzip on;",
            "  gzip_vary on;",
            "  gzip_proxied any;",
            "  gzip_min_length 512;",
            f"  gzip_types {_COMPRESSED};",
            "  server {",
            f"    listen {port};",
            f"    root {SITE_FOLDER};",
            "    absolute_redirect off;",
            *not_found,
            '    add_header X-Content-Type-Options "nosniff" always;',
            "    location ~ /\\.(?!well-known/) { return 404; }",
            f'    location ~ "{_HASHED}" {{',
            '      add_header Cache-Control "public, max-age=31536000, immutable";',
            '      add_header X-Content-Type-Options "nosniff" always;',
            "      try_files $uri =404;",
            "    }",
            "    location / {",
            '      add_header Cache-Control "no-cache";',
            '      add_header X-Content-Type-Options "nosniff" always;',
            f"      try_files $uri $uri/index.html $uri.html {fallback};",
            "    }",
            "  }",
            "}",
        ]
    )


def run_printing(text: str, path: str) -> str:
    """Give the Dockerfile's RUN that writes `text` to `path`: one printf, which every shell has.

    Heredocs would read better, but the Dockerfile front end inside Docker 20.10 does not know them.
    """
    quoted = (line.replace("'", "'\\''") for line in text.split("\n"))
    lines = " \\\n    ".join(f"'{line}'" for line in quoted)
    return f"RUN printf '%s\\n' \\\n    {lines} \\\n    > {path}"
