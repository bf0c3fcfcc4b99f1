"""The verbs as a notebook or script calls them."""

from esap_jupyter.face import bringing, signing_in, verbs
from esap_jupyter.face.background import blocking
from esap_jupyter.face.basket import Basket
from esap_jupyter.face.datalake import DataLake
from esap_jupyter.face.jobs import Jobs

services = blocking(verbs.services)
find_services = blocking(verbs.find_services)
resolve = blocking(verbs.resolve)
search = blocking(verbs.search)
adql = blocking(verbs.adql)
tables = blocking(verbs.tables)
columns = blocking(verbs.columns)
links = blocking(bringing.links)
items = blocking(bringing.items)
stage = blocking(bringing.stage)
upload = blocking(bringing.upload)
table = blocking(verbs.table)
open_table = blocking(verbs.open_table)
history = blocking(verbs.history)
sign_in = blocking(signing_in.sign_in)
sign_out = blocking(signing_in.sign_out)
whoami = blocking(signing_in.whoami)
write_token_files = blocking(signing_in.write_token_files)
basket = Basket(blocking)
jobs = Jobs(blocking)
datalake = DataLake(blocking)
