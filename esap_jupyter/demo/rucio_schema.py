"""Make Rucio's database with its root account. Runs in the environment of Rucio's server."""

from rucio.db.sqla.util import build_database, create_base_vo, create_root_account

build_database()
create_base_vo()
create_root_account()
