"""Every resource, in one table: the handlers, the OpenAPI document and its clients are made from it."""

from __future__ import annotations

from collections.abc import Iterator
from http import HTTPStatus

from pydantic import JsonValue

from esap_jupyter.errors import (
    BadAnswer,
    ConfigError,
    Conflict,
    NoRoom,
    NotAllowed,
    NotFound,
    NotOffered,
    QueryRejected,
    QuotaExceeded,
    ServiceError,
    ServiceTimeout,
    SignInNeeded,
    StateError,
    UnknownName,
    UnreadableFile,
)
from esap_jupyter.gateway import PastQuery, SavedQuery
from esap_jupyter.handlers import (
    datalake,
    items,
    own_server,
    plots,
    searches,
    services,
    sign_in,
    tables,
    viewers,
)
from esap_jupyter.handlers.routes import Arrow, Nothing, Numbers, Route
from esap_jupyter.handlers.watching import JobList, SearchState
from esap_jupyter.models import (
    DID,
    RSE,
    AccountUsage,
    ColumnStatistics,
    Density,
    DevicePrompt,
    FileTable,
    Histogram,
    Item,
    Job,
    Link,
    Position,
    RegisteredService,
    Rule,
    ServerSession,
    ServiceStatus,
    SignInState,
    SkyDensity,
    TableDescription,
    TableDetails,
    TableSummary,
    WritableRSE,
)

EVERYWHERE = (ConfigError, StateError)
"""What may happen wherever the gateway is needed."""

_REMOTE = (UnknownName, NotOffered, ServiceError, ServiceTimeout, SignInNeeded, NotAllowed)
_KNOWN = (*_REMOTE, NotFound)
_OF_FILE = (NotFound, UnreadableFile, NoRoom)
_CREATED = HTTPStatus.CREATED
_DONE = HTTPStatus.NO_CONTENT

# fmt: off
ROUTES: tuple[Route, ...] = (
    # The server
    Route("GET", "/status", services.get_status, Nothing, services.ServerStatus,
          "Say that the extension is there, and which version; asks nobody"),
    Route("GET", "/workspace", services.get_workspace, Nothing, services.Workspace,
          "Say where stagings and saved tables go"),
    Route("GET", "/session", own_server.get_session, Nothing, ServerSession,
          "Say until when the hub lets this server live, and how much room is left", (ServiceError,),
          polled=True),
    Route("POST", "/session", own_server.keep_alive, Nothing, ServerSession,
          "Keep this server alive for as long as the site allows", (NotOffered, NotFound, ServiceError)),

    # Who the person is
    Route("GET", "/sign-in", sign_in.get_sign_in, Nothing, SignInState,
          "Say who the person is to the services, and how long each token lives"),
    Route("POST", "/sign-in", sign_in.begin_sign_in, Nothing, DevicePrompt,
          "Begin a sign-in, which the person confirms in any browser (RFC 8628)", _REMOTE, _CREATED),
    Route("DELETE", "/sign-in", sign_in.end_sign_in, Nothing, None,
          "Forget a sign-in on this machine, and end its grant", _REMOTE, _DONE),
    Route("DELETE", "/sign-in/prompt", sign_in.give_up_sign_in, Nothing, None,
          "Give up a sign-in that waits for the person", (), _DONE),

    # Services
    Route("GET", "/services", services.list_services, services.Check, list[ServiceStatus],
          "List the services, and ask each whether it answers if wanted"),
    Route("GET", "/services/{service}/check", services.check_service, services.OfService, ServiceStatus,
          "Ask a service whether it answers", _REMOTE),
    Route("GET", "/services/{service}/form", services.get_query_form, services.OfService,
          dict[str, JsonValue],
          "Describe the further fields of a service's queries as JSON Schema", _REMOTE),
    Route("GET", "/services/{service}/tables", services.list_service_tables, services.OfService,
          list[TableDescription], "List the tables of a service that answers ADQL", _REMOTE),
    Route("GET", "/services/{service}/tables/{table}", services.describe_service_table,
          services.OfServiceTable, TableDescription,
          "Describe a table of a service with its columns", _KNOWN),
    Route("GET", "/services/{service}/examples", services.list_examples, services.OfService,
          list[services.Example], "List a service's own example queries", _REMOTE),
    Route("GET", "/services/{service}/links", services.list_links, services.LinksAt, list[Link],
          "Read a DataLink document (DataLink 1.1)", _REMOTE),
    Route("GET", "/registry", services.find_services, services.RegistrySearch, list[RegisteredService],
          "Look in the registry for services (RegTAP 1.1)", _REMOTE),
    Route("GET", "/registry/record", services.get_registered_service, services.OfRecord, RegisteredService,
          "Look up a service by its IVOA identifier", _REMOTE),
    Route("GET", "/resolve", services.resolve_target, services.Target, Position,
          "Turn a name or coordinates into a place on the sky", _REMOTE),

    # Searches and queries
    Route("GET", "/searches", searches.list_searches, Nothing, list[SearchState],
          "List the searches of this server that go on", polled=True),
    Route("POST", "/searches", searches.start_search, searches.NewSearch, SearchState,
          "Search services side by side", (UnknownName,), _CREATED),
    Route("POST", "/targets", searches.read_target_list, searches.NewTargetList, searches.TargetList,
          "Read a list of targets: lines of names or coordinates, CSV with ra and dec, or a table",
          (BadAnswer, NotFound)),
    Route("POST", "/queries", searches.start_query, searches.NewQuery, SearchState,
          "Send ADQL to a service (TAP 1.1)", (UnknownName, NotFound, BadAnswer), _CREATED),
    Route("GET", "/searches/{search}", searches.get_search, searches.SearchSince, SearchState,
          "Say how a search or query fares", (NotFound,), polled=True),
    Route("POST", "/searches/{search}/cancel", searches.cancel_search, searches.OfSearch, None,
          "Stop a search or query; what arrived stays", (NotFound,), _DONE),
    Route("GET", "/history", searches.list_history, searches.HistoryLimit, list[PastQuery],
          "List what was asked, newest first"),
    Route("DELETE", "/history", searches.clear_history, Nothing, None,
          "Forget what was asked", (), _DONE),
    Route("GET", "/saved-queries", searches.list_saved_queries, Nothing, list[SavedQuery],
          "List the saved queries, by name"),
    Route("POST", "/saved-queries", searches.save_query, searches.NewSavedQuery, SavedQuery,
          "Save a query under a name", (), _CREATED),
    Route("PUT", "/saved-queries/{saved}", searches.replace_saved_query, searches.ChangedSavedQuery,
          SavedQuery, "Save another name and query in the place of one", (NotFound,)),
    Route("DELETE", "/saved-queries/{saved}", searches.delete_saved_query, searches.OfSavedQuery, None,
          "Forget a saved query", (NotFound,), _DONE),

    # Tables
    Route("GET", "/tables", tables.list_tables, Nothing, list[TableSummary],
          "List the tables that searches brought, newest first"),
    Route("GET", "/tables/{table}", tables.get_table, tables.OfTable, TableDetails,
          "Describe a table as it is now, with its columns", (NotFound,)),
    Route("DELETE", "/tables/{table}", tables.delete_table, tables.OfTable, None,
          "Delete a table", (NotFound,), _DONE),
    Route("GET", "/tables/{table}/rows", tables.get_rows, tables.Rows, Arrow,
          "Read some rows, sorted and filtered", (NotFound,)),
    Route("GET", "/tables/{table}/statistics", tables.get_statistics, tables.OfColumn, ColumnStatistics,
          "Say what a column holds", (NotFound,)),
    Route("GET", "/tables/{table}/histogram", tables.get_histogram, tables.InBins, Histogram,
          "Count a column's numbers in bins", (NotFound,)),
    Route("GET", "/tables/{table}/points", plots.get_points, plots.PlanePoints, Arrow,
          "Read two columns of numbers as points", (NotFound,)),
    Route("GET", "/tables/{table}/density", plots.get_density, plots.PlaneCells, Density,
          "Count the rows in the cells of a grid over two columns of numbers", (NotFound,)),
    Route("GET", "/tables/{table}/sky-points", plots.get_sky_points, plots.SkyPoints, Arrow,
          "Read positions on the sky as points", (NotFound,)),
    Route("GET", "/tables/{table}/sky-density", plots.get_sky_density, plots.SkyCells, SkyDensity,
          "Count the rows in the cells of HEALPix", (NotFound,)),
    Route("POST", "/tables/{table}/save", tables.save_table, tables.SaveAs, tables.SavedFile,
          "Write a table to a file of the workspace", (NotFound, Conflict, NoRoom), _CREATED),
    Route("PUT", "/tables/{table}/pin", tables.pin_table, tables.OfTable, None,
          "Keep a table until it is unpinned or deleted", (NotFound,), _DONE),
    Route("DELETE", "/tables/{table}/pin", tables.unpin_table, tables.OfTable, None,
          "Let a table go when room is needed", (NotFound,), _DONE),

    # Files, looked at
    Route("GET", "/files/content", viewers.get_file_content, viewers.OfFile, viewers.FileContent,
          "Say what is in a FITS or VOTable file, and how it is best looked at", _OF_FILE),
    Route("GET", "/files/header", viewers.get_header, viewers.OfHDU, list[viewers.HeaderCard],
          "Read the header of an HDU", _OF_FILE),
    Route("GET", "/files/image", viewers.get_image, viewers.OfPlane, viewers.ImageDescription,
          "Describe an image, and say what may become black and white", _OF_FILE),
    Route("GET", "/files/image/pixels", viewers.get_pixels, viewers.OfPixels, Numbers,
          "Read a region of an image, binned: float32, the lowest row first, NaN where it is blank",
          _OF_FILE),
    Route("GET", "/files/image/sky", viewers.get_sky, viewers.OfRegion, Numbers,
          "Say where a region is on the sky: unit vectors of three float64 in a square grid from the outer "
          "corner of its first pixel to that of its last, so fine that one may interpolate; NaN for no sky",
          _OF_FILE),
    Route("GET", "/files/image/at", viewers.get_pixel, viewers.OfPlace, viewers.PixelDescription,
          "Say what an image has at a place, and where that is on the sky", _OF_FILE),
    Route("GET", "/files/curve", viewers.get_curve, viewers.OfCurve, viewers.CurveDescription,
          "Describe a spectrum or a light curve", _OF_FILE),
    Route("GET", "/files/curve/points", viewers.get_curve_points, viewers.OfCurve, Numbers,
          "Read a spectrum or a light curve: float64, all x, all y, all errors (NaN for none), one series "
          "after the other in each", _OF_FILE),
    Route("GET", "/files/tables", tables.list_file_tables, tables.OfFile, list[FileTable],
          "List the tables of a file that the file browser shows", (NotFound, BadAnswer)),
    Route("POST", "/files/tables", tables.open_file, tables.FileToOpen, TableDetails,
          "Open a file as a table; its rows may follow", (NotFound, BadAnswer, QueryRejected), _CREATED),

    # Data lakes
    Route("GET", "/datalakes/{service}/account", datalake.get_account, services.OfService, datalake.Account,
          "Say whom the data lake takes the person for", _KNOWN),
    Route("GET", "/datalakes/{service}/scopes", datalake.list_scopes, services.OfService, list[str],
          "List the scopes", _KNOWN),
    Route("GET", "/datalakes/{service}/dids", datalake.list_dids, datalake.DIDSearch, datalake.DIDPage,
          "List the DIDs of a scope, a page at a time", _KNOWN),
    Route("GET", "/datalakes/{service}/did", datalake.describe_did, datalake.OfDID, DID,
          "Describe a DID", _KNOWN),
    Route("GET", "/datalakes/{service}/content", datalake.list_content, datalake.PageOfDID, datalake.DIDPage,
          "List what a dataset or container directly holds, a page at a time", _KNOWN),
    Route("GET", "/datalakes/{service}/metadata", datalake.get_metadata, datalake.OfDID,
          dict[str, JsonValue], "Return all metadata of a DID", _KNOWN),
    Route("GET", "/datalakes/{service}/replicas", datalake.list_replicas, datalake.PageOfDID,
          datalake.ReplicaPage, "List the replicas of a DID's files, a page at a time", _KNOWN),
    Route("GET", "/datalakes/{service}/rules", datalake.list_rules, datalake.Rules, list[Rule],
          "List the rules on a DID, or one's own", _KNOWN),
    Route("POST", "/datalakes/{service}/rules", datalake.add_rule, datalake.NewRule, Rule,
          "Make a rule on a DID", (*_KNOWN, Conflict, QuotaExceeded), _CREATED),
    Route("DELETE", "/datalakes/{service}/rules/{rule}", datalake.delete_rule, datalake.OfRule, None,
          "Delete a rule", _KNOWN, _DONE),
    Route("GET", "/datalakes/{service}/site", datalake.get_site, services.OfService, datalake.Site,
          "Say which RSE is that of the own site", (UnknownName, NotOffered)),
    Route("GET", "/datalakes/{service}/writable-rses", datalake.list_writable_rses, services.OfService,
          list[WritableRSE], "List the RSEs to which one may upload", _KNOWN),
    Route("GET", "/datalakes/{service}/rses", datalake.list_rses, datalake.RSEExpression, list[RSE],
          "List the RSEs of an RSE expression", _KNOWN),
    Route("GET", "/datalakes/{service}/usage", datalake.list_usage, services.OfService, list[AccountUsage],
          "List what one uses and may use on each RSE", _KNOWN),

    # Basket
    Route("GET", "/basket", items.list_basket, Nothing, list[Item],
          "List the items, in the order in which they were put in"),
    Route("DELETE", "/basket", items.clear_basket, Nothing, items.Removed,
          "Take everything out"),
    Route("POST", "/basket/rows", items.add_rows, items.RowsToAdd, items.Added,
          "Put the items of a table's rows in", (NotFound, UnknownName), _CREATED),
    Route("POST", "/basket/dids", items.add_dids, items.DIDsToAdd, items.Added,
          "Put DIDs in", _KNOWN, _CREATED),
    Route("POST", "/basket/files", items.add_file, items.FileToAdd, items.Added,
          "Put a file of a DataLink document in", (UnknownName,), _CREATED),
    Route("POST", "/basket/links", items.add_link, items.LinkToAdd, items.Added,
          "Put in what a link from elsewhere names", _KNOWN, _CREATED),
    Route("POST", "/basket/remove", items.remove_items, items.ItemIds, items.Removed,
          "Take items out"),

    # Stagings, uploads and all other jobs
    Route("POST", "/uploads", datalake.start_upload, datalake.NewUpload, Job,
          "Upload files into a data lake, as a job", (*_REMOTE, NotFound), _CREATED),
    Route("POST", "/stagings", items.start_staging, items.NewStaging, Job,
          "Bring items' files into the workspace or to an RSE, as a job", (NotFound,), _CREATED),
    Route("GET", "/jobs", items.list_jobs, items.Since, JobList,
          "List the last jobs, or those that changed", polled=True),
    Route("GET", "/jobs/{job}", items.get_job, items.OfJob, Job,
          "Say how a job is", (NotFound,)),
    Route("POST", "/jobs/{job}/cancel", items.cancel_job, items.OfJob, Job,
          "Ask for a job to stop", (NotFound,)),
    Route("POST", "/jobs/{job}/resume", items.resume_job, items.OfJob, Job,
          "Go on with a job that failed, was stopped or is interrupted", (NotFound, NotOffered, Conflict)),
    Route("POST", "/jobs/{job}/rerun", items.rerun_job, items.OfJob, Job,
          "Start a new job that does the same again", (NotFound, NotOffered), _CREATED),
    Route("DELETE", "/jobs/{job}", items.delete_job, items.OfJob, None,
          "Forget a job; what it produced stays", (NotFound, Conflict), _DONE),
)
# fmt: on


def by_path() -> Iterator[tuple[str, dict[str, Route]]]:
    """Each path's pattern, and its routes by method."""
    patterns: dict[str, dict[str, Route]] = {}
    for route in ROUTES:
        patterns.setdefault(route.pattern, {})[route.method] = route
    yield from patterns.items()
