"""libpq's parameters in a database URL: as psql takes them, on real servers with and without TLS."""

import os
import random
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from mediacanon.database.account import server_account
from mediacanon.database.changes import listening
from mediacanon.database.connection_url import DROPPED, SETTINGS, TAKEN, TRANSLATED, connect_options
from mediacanon.database.embedded import EmbeddedPostgres
from mediacanon.database.migrate import connected, migrate
from mediacanon.database.own_database import OWNER
from mediacanon.database.pool import open_pool
from mediacanon.database.programs import find_programs, without_password
from mediacanon.errors import DatabaseUnavailable
from tests.conftest import FAST_AND_FORGETFUL
from tests.database.clusters import without_wheel

# Neon's, Supabase's, Heroku's and a cautious operator's.
PRINTED = [
    "sslmode=prefer&channel_binding=require",
    "gssencmode=disable&keepalives=1&keepalives_idle=30&keepalives_interval=10&keepalives_count=3&tcp_user_timeout=9000",
    "connect_timeout=10&target_session_attrs=read-write&application_name=films&client_encoding=utf8",
    "options=-c%20search_path%3Dpublic%20-c%20statement_timeout%3D77s&sslsni=1&load_balance_hosts=random",
    "fallback_application_name=x&require_auth=none&sslcertmode=allow&connect_timeout=0",
]


@pytest.mark.parametrize("parameters", PRINTED)
async def test_parameters_of_libpq_work_in_every_connection(database: str, parameters: str):
    """Migration, pool and change listener connect by the URLs that hosters print."""
    dsn = f"{database}&{parameters}"
    await migrate(dsn)
    async with listening(dsn), await open_pool(dsn, size=1) as pool:
        assert await pool.fetchval("SHOW timezone") == "UTC"
        name = "films" if "application_name=films" in parameters else "mediacanon"
        assert await pool.fetchval("SHOW application_name") == name
        if "options" in parameters:
            assert await pool.fetchval("SHOW statement_timeout") == "77s"


async def test_an_unknown_parameter_is_named(database: str):
    """A parameter that psql would refuse is refused by its name."""
    with pytest.raises(DatabaseUnavailable, match="unknown parameter: connection_limit, pgbouncer;"):
        await migrate(f"{database}&pgbouncer=true&connection_limit=1")
    with pytest.raises(DatabaseUnavailable, match=r"connect_timeout .* soon"):
        await migrate(f"{database}&connect_timeout=soon")


def test_every_parameter_in_the_table_is_one_of_libpq():
    """psql accepts each parameter of the table; the newest ones need the newest psql."""
    psql = find_programs(server=15)[-1]
    newest = {"gssdelegation", "sslnegotiation", "min_protocol_version", "max_protocol_version", "require_auth"}
    newest |= {"sslcertmode", "load_balance_hosts"} if psql.major < 18 else set()
    for name in sorted((TAKEN | SETTINGS | DROPPED | TRANSLATED) - {"database"} - newest):
        done = psql.run("psql", "-Xl", dsn=f"postgresql://127.0.0.1:1/x?{name}=1")
        assert "invalid URI query parameter" not in done.stderr, name


def test_a_plus_sign_is_itself():
    """libpq decodes no plus sign in a query, neither in our connections nor in the URL of a child program."""
    url = "postgresql:///d?user=a+b&password=c+d%20e"
    assert connect_options(url, {})["dsn"] == "postgresql:///d?user=a%2Bb&password=c%2Bd%20e"
    assert without_password(url) == ("postgresql:///d?user=a%2Bb", "c+d e")


def test_a_host_address_stands_for_the_host():
    """`hostaddr` names the server where no host is given."""
    assert connect_options("postgresql:///d?hostaddr=10.0.0.1", {})["dsn"].endswith("host=10.0.0.1")
    assert (
        connect_options("postgresql://films.example/d?hostaddr=10.0.0.1", {})["dsn"] == "postgresql://films.example/d"
    )


class Certificates:
    """An authority's certificate and one that it signed for 127.0.0.0/8's `address`."""

    def __init__(self, folder: Path, address: str) -> None:
        self.authority, self.certificate, self.key = folder / "ca.crt", folder / "server.crt", folder / "server.key"
        new = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
        ca = [*new, "-subj", "/CN=ours", "-keyout", folder / "ca.key", "-out", self.authority]
        names = f"subjectAltName=IP:{address}"
        signed = [
            "-CA",
            self.authority,
            "-CAkey",
            folder / "ca.key",
            "-addext",
            names,
            "-addext",
            "basicConstraints=CA:FALSE",
        ]
        server = [*new, "-subj", "/CN=films", "-keyout", self.key, "-out", self.certificate, *signed]
        for command in (ca, server):
            made = subprocess.run(command, capture_output=True, check=False)
            assert made.returncode == 0, made.stderr


@pytest.fixture(scope="module")
def over_tls(data_root: Path) -> Iterator[tuple[str, Certificates]]:
    """Give the URL of a server that takes connections over TLS alone, and its certificates."""
    address = f"127.{random.randint(1, 250)}.{random.randint(1, 250)}.7"
    folder = Path(tempfile.mkdtemp(prefix="tls", dir=data_root))
    folder.chmod(0o755)
    made = Certificates(folder, address)
    access = folder / "pg_hba.conf"
    access.write_text("local all all trust\nhostssl all all 127.0.0.0/8 trust\n")
    with pytest.MonkeyPatch.context() as patch:
        # The wheel's server is built without TLS.
        without_wheel(patch)
        account = server_account(None)
        for path in (made.key, made.certificate, access):
            path.chmod(0o600)
            account.take(path)
        tls = {"ssl": "on", "ssl_cert_file": str(made.certificate), "ssl_key_file": str(made.key)}
        place = {"listen_addresses": address, "hba_file": str(access)}
        postgres = EmbeddedPostgres(folder, parameters={**FAST_AND_FORGETFUL, **tls, **place})
        postgres.start()
    yield f"postgresql://{OWNER}@{address}:5432/mediacanon", made
    postgres.stop()


async def is_encrypted(dsn: str) -> bool:
    """Return whether a connection of `dsn` is encrypted."""
    async with connected(dsn) as connection:
        return await connection.fetchval("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()")


async def test_certificates_are_checked_as_libpq_does(over_tls, monkeypatch: pytest.MonkeyPatch):
    """`sslmode` and `sslrootcert` choose the check; `system` means the authorities of the operating system."""
    url, made = over_tls
    authority = quote(str(made.authority), safe="")
    assert await is_encrypted(f"{url}?sslmode=require&channel_binding=prefer")
    assert await is_encrypted(f"{url}?sslmode=verify-full&sslrootcert={authority}")
    monkeypatch.setenv("SSL_CERT_FILE", str(made.authority))
    assert await is_encrypted(f"{url}?sslrootcert=system")
    async with await open_pool(f"{url}?sslmode=verify-full&sslrootcert=system", size=1) as pool:
        assert await pool.fetchval("SELECT 1") == 1


@pytest.mark.parametrize(
    ("parameters", "reason"),
    [
        ("sslrootcert=system", "certificate of .* is not accepted: .*(self|unable to get)"),
        ("sslmode=verify-full&sslrootcert=SERVER", "is not accepted: "),
        ("sslmode=verify-full&sslrootcert=/nowhere/ca.crt", "sslrootcert .*/nowhere/ca.crt: No such file"),
        ("sslmode=require&sslrootcert=system", "needs sslmode=verify-full, not require"),
        ("sslmode=sometimes", "sslmode"),
        ("sslmode=disable", "no encryption"),
    ],
)
async def test_a_failed_check_is_told_with_its_reason(over_tls, parameters: str, reason: str, tmp_path: Path):
    """A certificate, a file or a mode that fails is named, instead of a malformed URL."""
    url, _ = over_tls
    other = Certificates(tmp_path, "127.0.0.1").authority
    with pytest.raises(DatabaseUnavailable, match=reason) as failure:
        await migrate(f"{url}?{parameters.replace('SERVER', quote(str(other), safe=''))}")
    assert "malformed" not in failure.value.message
    assert os.linesep not in failure.value.message
