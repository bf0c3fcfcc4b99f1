"""Make Rucio's schema and its root account. Runs in Rucio's environment, with $RUCIO_HOME set."""

from rucio.db.sqla.util import build_database, create_base_vo, create_root_account

build_database()
create_base_vo()
create_root_account()
