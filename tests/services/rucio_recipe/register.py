"""Register accounts, scopes and RSEs. Runs in Rucio's environment, with $RUCIO_HOME set.

register.py POSIX_DIRECTORY FTS_URL ISSUER_URL STORAGE_PORT...
"""

import itertools
import sys

from rucio.client import Client

posix, fts, issuer, *storages = sys.argv[1:]
everything = {"read": 1, "write": 1, "delete": 1}
domains = {"lan": everything, "wan": everything | {"third_party_copy_read": 1, "third_party_copy_write": 1}}
protocols = {
    "POSIX1": {"scheme": "file", "hostname": "localhost", "port": 0, "prefix": posix, "impl": "posix.Default"}
}
for number, port in enumerate(storages, start=1):
    protocols[f"XRD{number}"] = {
        "scheme": "https",
        "hostname": "127.0.0.1",
        "port": int(port),
        "prefix": "/rucio",
        "impl": "webdav.Default",
    }

rucio = Client()
rucio.add_account("jdoe", "USER", "jdoe@example.org")
rucio.add_identity("jdoe", "jdoe", "USERPASS", "jdoe@example.org", password="secret")
rucio.add_identity("jdoe", f"SUB=jdoe-sub, ISS={issuer}", "OIDC", "jdoe@example.org")
rucio.add_identity("jdoe", "CN=jdoe", "X509", "jdoe@example.org")
rucio.add_scope("root", "test")
rucio.add_scope("jdoe", "user.jdoe")
for rse, protocol in protocols.items():
    rucio.add_rse(rse)
    rucio.add_protocol(
        rse, protocol | {"impl": f"rucio.rse.protocols.{protocol['impl']}", "domains": domains}
    )
    rucio.add_rse_attribute(rse, "fts", fts)
    rucio.add_rse_attribute(rse, "greedyDeletion", True)
    rucio.set_local_account_limit("root", rse, -1)
    rucio.set_local_account_limit("jdoe", rse, 10_000_000_000)
for source, destination in itertools.permutations(protocols, 2):
    rucio.add_distance(source, destination, {"distance": 1})
