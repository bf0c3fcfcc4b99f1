"""A stand-in for FTS3: the part of its REST interface that Rucio uses, with real transfers behind it.

Between two WebDAV storages the destination is told to pull (HTTP third-party copy), so no byte passes here;
to and from ``file:`` the bytes are read and written here.

fts_stand_in.py PORT CA_FILE CERTIFICATE_AND_KEY
PUT /_test {"delay": seconds, "fail": "regular expression of destinations"} makes transfers slow or fail.
"""

import re
import shutil
import sys
import time
import uuid
import zlib
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import requests
from flask import Flask, jsonify, request

port, ca_file, certificate = int(sys.argv[1]), sys.argv[2], sys.argv[3]
app = Flask(__name__)
jobs = {}
test = {"delay": 0.0, "fail": ""}
pool = ThreadPoolExecutor(4)
http = requests.Session()
http.trust_env = False
http.verify = ca_file
http.cert = certificate


class TransferFailed(Exception):
    pass


def now():
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S")


def web(url):
    return re.sub(r"^davs:", "https:", url)


def local(url):
    return Path(urlsplit(url).path)


def is_local(url):
    return urlsplit(url).scheme == "file"


def make_collections(url):
    root, *parts = urlsplit(url).path.strip("/").split("/")[:-1]
    base = f"{urlsplit(url).scheme}://{urlsplit(url).netloc}/{root}"
    for part in parts:
        base += f"/{part}"
        http.request("MKCOL", f"{base}/")  # 405 says that it exists


def third_party_copy(file, source, destination, overwrite):
    headers = {"Source": source, "Overwrite": "T" if overwrite else "F", "Credential": "none"}
    if tokens := file.get("source_tokens"):
        headers["TransferHeaderAuthorization"] = f"Bearer {tokens[0]}"
    if tokens := file.get("destination_tokens"):
        headers["Authorization"] = f"Bearer {tokens[0]}"
    with http.request("COPY", destination, headers=headers, stream=True) as answer:
        said = [line for line in answer.iter_lines(decode_unicode=True) if line] or [""]
    if answer.status_code not in (201, 202) or not said[-1].lower().startswith("success"):
        raise TransferFailed(f"{answer.status_code} {said[-1]}")


def copy(file, source, destination, overwrite):
    if test["fail"] and re.search(test["fail"], destination):
        raise TransferFailed("a failure that the test asked for")
    time.sleep(test["delay"])
    if is_local(destination):
        local(destination).parent.mkdir(parents=True, exist_ok=True)
        if is_local(source):
            shutil.copyfile(local(source), local(destination))
            return
        with http.get(web(source), stream=True) as answer, local(destination).open("wb") as target:
            answer.raise_for_status()
            shutil.copyfileobj(answer.raw, target, 1 << 20)
        return
    make_collections(web(destination))
    if is_local(source):
        with local(source).open("rb") as content:
            http.put(web(destination), data=content).raise_for_status()
    else:
        third_party_copy(file, web(source), web(destination), overwrite)


def checksum(url):
    if is_local(url):
        return f"{zlib.adler32(local(url).read_bytes()):08x}"
    digest = http.head(web(url), headers={"Want-Digest": "adler32"}).headers.get("Digest", "")
    return digest.partition("=")[2].zfill(8)


def verify(file, destination):
    wanted = (file["checksum"] or "").removeprefix("ADLER32:").removeprefix("adler32:").lower()
    if wanted and (found := checksum(destination)) != wanted.zfill(8):
        raise TransferFailed(f"checksum of the destination is {found}, not {wanted}")


def transfer(job, file):
    reasons = []
    for source in file["sources"]:
        file["source_surl"] = source
        try:
            copy(file, source, file["dest_surl"], job["overwrite"])
            verify(file, file["dest_surl"])
        except (TransferFailed, OSError, requests.RequestException) as error:
            reasons.append(str(error))
        else:
            return
    raise TransferFailed("; ".join(reasons))


def run(job):
    job["job_state"] = "ACTIVE"
    for file in job["files"]:
        if job["job_state"] == "CANCELED":
            file["file_state"] = "CANCELED"
            continue
        file.update(file_state="ACTIVE", start_time=now())
        try:
            transfer(job, file)
        except TransferFailed as failed:
            file.update(file_state="FAILED", reason=f"TRANSFER {failed}"[:900])
        else:
            file["file_state"] = "FINISHED"
        file["finish_time"] = now()
    states = {file["file_state"] for file in job["files"]}
    if job["job_state"] == "ACTIVE":
        mixed = "FINISHEDDIRTY" if "FINISHED" in states else "FAILED"
        job["job_state"] = "FINISHED" if states == {"FINISHED"} else mixed


@app.post("/jobs")
def submit():
    wanted = request.get_json()
    parameters = wanted.get("params") or {}
    files = [
        {
            "file_state": "SUBMITTED",
            "sources": file["sources"],
            "source_surl": file["sources"][0],
            "dest_surl": file["destinations"][0],
            "file_metadata": file.get("metadata"),
            "checksum": file.get("checksum"),
            "source_tokens": file.get("source_tokens"),
            "destination_tokens": file.get("destination_tokens"),
            **dict.fromkeys(("reason", "start_time", "finish_time", "staging_start", "staging_finished")),
        }
        for file in wanted["files"]
    ]
    job = {
        "job_id": str(uuid.uuid4()),
        "job_state": "SUBMITTED",
        "job_type": "N",
        "job_metadata": parameters.get("job_metadata") or {},
        "http_status": "200 Ok",
        "overwrite": parameters.get("overwrite", False),
        "files": files,
    }
    jobs[job["job_id"]] = job
    pool.submit(run, job)
    return jsonify(job_id=job["job_id"])


@app.get("/jobs/<identifiers>")
def show(identifiers):
    missing = {"http_status": "404 Not Found", "http_message": "there is no such job"}
    found = [jobs.get(name, {"job_id": name, **missing}) for name in identifiers.split(",")]
    complete = all(job["http_status"] == "200 Ok" for job in found)
    return jsonify(found[0] if len(found) == 1 and complete else found), 200 if complete else 207


@app.get("/jobs/<identifier>/files")
def show_files(identifier):
    return jsonify(jobs[identifier]["files"])


@app.post("/jobs/<identifier>")
def change_priority(identifier):
    return jsonify(job_id=identifier)


@app.delete("/jobs/<identifier>")
def cancel(identifier):
    jobs[identifier]["job_state"] = "CANCELED"
    return jsonify(jobs[identifier])


@app.get("/whoami")
def whoami():
    return jsonify(base_id=str(uuid.UUID(int=0)), vos=["tests"], user_dn="/CN=daemon", delegation_id="tests")


@app.get("/")
def version():
    return jsonify(api={"major": 3, "minor": 12, "patch": 0})


@app.put("/_test")
def misbehave():
    test.update(request.get_json())
    return jsonify(test)


app.run("127.0.0.1", port, threaded=True)
