# Varnish 6 or newer with the module xkey (Debian: varnish and varnish-modules) before one or more servers of
# MediaCanon with MEDIACANON_SHARED_MAX_AGE=30 and MEDIACANON_PURGE_URL=http://127.0.0.1:6081 (docs/scaling.md).
vcl 4.1;

import directors;
import xkey;

backend one {
    .host = "127.0.0.1";
    .port = "8080";
    .probe = { .url = "/readyz"; .interval = 2s; .timeout = 3s; .window = 3; .threshold = 1; .initial = 1; }
}

backend two {
    .host = "127.0.0.1";
    .port = "8081";
    .probe = { .url = "/readyz"; .interval = 2s; .timeout = 3s; .window = 3; .threshold = 1; .initial = 1; }
}

# The servers, which send the purges.
acl servers {
    "127.0.0.1";
    "::1";
}

sub vcl_init {
    new all = directors.round_robin();
    all.add_backend(one);
    all.add_backend(two);
}

sub vcl_recv {
    set req.backend_hint = all.backend();
    if (req.method == "PURGE") {
        if (client.ip !~ servers) {
            return (synth(405));
        }
        set req.http.purged = xkey.purge(req.http.Surrogate-Key);
        return (synth(200));
    }
    # No page depends on them, and with them Varnish would store nothing.
    if (req.method == "GET" || req.method == "HEAD") {
        unset req.http.Cookie;
        unset req.http.Authorization;
    }
}

sub vcl_backend_response {
    set beresp.http.xkey = beresp.http.Surrogate-Key;
}

sub vcl_deliver {
    unset resp.http.xkey;
    unset resp.http.Surrogate-Key;
    unset resp.http.Cache-Tag;
    # Browsers ask every time, and get 304: nobody can purge them.
    if (resp.http.Cache-Control ~ "s-maxage") {
        set resp.http.Cache-Control = "no-cache";
    }
}
