"""A small OpenID Connect issuer: discovery, keys, client credentials, and tokens of any content for tests.

token_issuer.py PORT KEY_FILE         POST /mint {"sub": ..., "aud": ..., "scope": ..., "ttl": seconds}
"""

import sys
import time
import uuid
from pathlib import Path

from Cryptodome.PublicKey import RSA
from flask import Flask, jsonify, request
from jwkest.jwk import RSAKey
from jwkest.jws import JWS

port, key_file = int(sys.argv[1]), Path(sys.argv[2])
issuer = f"http://127.0.0.1:{port}/"
app = Flask(__name__)


def signing_key():
    if not key_file.exists():
        key_file.touch(mode=0o600)
        key_file.write_bytes(RSA.generate(2048).export_key())
    return RSAKey(key=RSA.import_key(key_file.read_bytes()), kid="tests", use="sig", alg="RS256")


key = signing_key()


def token(sub, aud="rucio", scope="openid profile", ttl=3600):
    now = int(time.time())
    claims = {
        "iss": issuer, "sub": sub, "aud": aud, "scope": scope, "jti": str(uuid.uuid4()),
        "iat": now + min(0, ttl - 1), "nbf": now + min(0, ttl - 1), "exp": now + ttl,
    }  # fmt: skip
    return JWS(claims, alg="RS256", kid=key.kid, typ="JWT").sign_compact([key])


@app.get("/.well-known/openid-configuration")
def discovery():
    return jsonify(
        issuer=issuer,
        jwks_uri=f"{issuer}jwks",
        **{
            f"{name}_endpoint": issuer + name
            for name in ("authorization", "token", "userinfo", "introspection")
        },
        response_types_supported=["code"],
        subject_types_supported=["public"],
        id_token_signing_alg_values_supported=["RS256"],
        scopes_supported=["openid", "profile"],
        grant_types_supported=["client_credentials"],
    )


@app.get("/jwks")
def keys():
    return jsonify(keys=[key.serialize()])


@app.post("/token")
def client_credentials():
    form = request.form
    granted = token("rucio", form.get("audience", "rucio"), form.get("scope", "openid"))
    return jsonify(access_token=granted, token_type="Bearer", expires_in=3600)


@app.post("/mint")
def mint():
    return jsonify(access_token=token(**request.get_json()))


app.run("127.0.0.1", port, threaded=True)
