"""The page of GraphiQL: from local files if npm installed them, else the same versions from a CDN, checked by hash."""

from starlette.requests import Request
from starlette.responses import Response

from mediacanon import paths
from mediacanon.http.conditional import conditional
from mediacanon.http.proxies import base_path
from mediacanon.pages.environment import HTML, PageEnvironment

CDN = "https://cdn.jsdelivr.net"
STYLE = "graphiql.min.css"
# file -> (path at the CDN, hash of the file that npm installs)
FILES = {
    STYLE: (
        "graphiql@4.1.2/graphiql.min.css",
        "sha384-1el1QShFBnnXTx9x/Cprg82hZWKt0ry29OAYIXt05swbi0KcZDFoj0CWguMpopJr",
    ),
    "react.production.min.js": (
        "react@18.3.1/umd/react.production.min.js",
        "sha384-DGyLxAyjq0f9SPpVevD6IgztCFlnMF6oW/XQGmfe+IsZ8TqEiDrcHkMLKI6fiB/Z",
    ),
    "react-dom.production.min.js": (
        "react-dom@18.3.1/umd/react-dom.production.min.js",
        "sha384-gTGxhz21lVGYNMcdJOyq01Edg0jhn/c22nsx0kyqP0TxaV5WVdsSH1fSDUf5YJj1",
    ),
    "graphiql.min.js": (
        "graphiql@4.1.2/graphiql.min.js",
        "sha384-9XdHu7ajgGJziD4J1zNBKQ842Q/+zZfDv+ib1eMhZWBH6hPAs806x+Jbcf0yNO6B",
    ),
}
SCRIPTS = tuple(name for name in FILES if name != STYLE)
# GraphiQL sets inline styles at run time, and its stylesheet embeds its fonts.
POLICY = (
    "default-src 'none'; style-src 'self' 'unsafe-inline'{cdn}; script-src 'self'{cdn}; connect-src 'self'; "
    "font-src data:{cdn}; img-src 'self' data:; base-uri 'none'; frame-ancestors {frame_ancestors}"
)


class Explorer:
    """Serves the explorer to a browser at /graphql."""

    def __init__(self, environment: PageEnvironment) -> None:
        self._environment = environment
        self._template = environment.get_template("explorer.html")

    def __call__(self, request: Request) -> Response:
        """Return the page."""
        is_offline = all((paths.STATIC / "vendor" / name).is_file() for name in FILES)
        files = {name: (f"{CDN}/npm/{path}", hash_) for name, (path, hash_) in FILES.items()}
        text = self._template.render(
            base=base_path(request.scope), is_offline=is_offline, style=STYLE, scripts=SCRIPTS, files=files
        )
        policy = POLICY.format(cdn="" if is_offline else f" {CDN}", frame_ancestors=self._environment.frame_ancestors)
        headers = {**self._environment.headers, "content-security-policy": policy, "vary": "Accept"}
        return conditional(request, text.encode(), media_type=HTML, headers=headers)
