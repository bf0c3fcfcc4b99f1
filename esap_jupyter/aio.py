"""The verbs to be awaited, on any event loop; otherwise as in `esap_jupyter` itself."""

from esap_jupyter.face import bringing, signing_in, verbs
from esap_jupyter.face.background import awaitable
from esap_jupyter.face.basket import Basket
from esap_jupyter.face.datalake import DataLake
from esap_jupyter.face.jobs import Jobs

services = awaitable(verbs.services)
find_services = awaitable(verbs.find_services)
resolve = awaitable(verbs.resolve)
search = awaitable(verbs.search)
adql = awaitable(verbs.adql)
tables = awaitable(verbs.tables)
columns = awaitable(verbs.columns)
links = awaitable(bringing.links)
items = awaitable(bringing.items)
stage = awaitable(bringing.stage)
upload = awaitable(bringing.upload)
table = awaitable(verbs.table)
open_table = awaitable(verbs.open_table)
history = awaitable(verbs.history)
sign_in = awaitable(signing_in.sign_in)
sign_out = awaitable(signing_in.sign_out)
whoami = awaitable(signing_in.whoami)
write_token_files = awaitable(signing_in.write_token_files)
basket = Basket(awaitable)
jobs = Jobs(awaitable)
datalake = DataLake(awaitable)
