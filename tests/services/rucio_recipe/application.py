"""Rucio's REST interface, with the subject of the client's certificate where Apache would put it."""

from rucio.web.rest.flaskapi.v1.main import application as rucio


def application(environ, start_response):
    if certificate := environ["gunicorn.socket"].getpeercert():
        (((_, common_name),),) = certificate["subject"]
        environ["SSL_CLIENT_S_DN"] = f"CN={common_name}"
    return rucio(environ, start_response)
