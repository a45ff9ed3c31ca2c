"""The `copydesk` command starts without what it does not need."""

from __future__ import annotations

import gc
import os
import subprocess
import sys

import pytest

from flows.cli import start


def printed_by(code: str, **environment: str) -> str:
    """What a new Python prints."""
    clean = {name: value for name, value in os.environ.items() if name not in start.ENVIRONMENT}
    done = subprocess.run(
        [sys.executable, "-c", code], env=clean | environment, check=True, capture_output=True, text=True
    )
    return done.stdout


def test_the_environment_is_set_before_polars_and_numpy_are_loaded() -> None:
    """They read it when they are loaded, and the command's own module loads neither."""
    assert printed_by("import sys, flows.cli; print({'polars', 'numpy'} & {*sys.modules})") == "set()\n"
    code = "import os, flows.cli; flows.cli.start.set_up(); print([os.environ[n] for n in flows.cli.start.ENVIRONMENT])"
    assert printed_by(code) == f"{list(start.ENVIRONMENT.values())}\n"


@pytest.mark.parametrize("name", start.ENVIRONMENT)
def test_what_the_user_has_set_stays(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also if it is set to nothing."""
    monkeypatch.setenv(name, "")
    start.set_up()
    assert os.environ[name] == ""


def test_the_garbage_collector_is_back_after_imports() -> None:
    """Also after one that failed; one that was off stays off."""
    assert gc.isenabled()
    with pytest.raises(ZeroDivisionError), start.importing():
        1 / gc.isenabled()
    assert gc.isenabled()
    gc.disable()
    try:
        with start.importing():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_garbage_is_looked_for_seldom_and_not_at_the_end() -> None:
    """A command makes many objects and little garbage; when Python ends, nothing is left to be looked at."""
    code = """if True:
        import atexit, gc, sys
        import flows.cli
        atexit.register(lambda: print(gc.get_threshold()[0], gc.get_count()[0] < 1000, gc.get_freeze_count() > 1000))
        sys.argv = ["copydesk", "--version"]
        flows.cli.main()
    """
    assert printed_by(code).splitlines()[-1] == f"{start.OBJECTS} True True"


def test_a_run_imports_no_more_than_it_needs() -> None:
    """No TLS without an API, no fsspec without a URL, nothing for numba that only others use; all can be had later."""
    code = """if True:
        import sys
        from flows.cli.start import import_numba
        import_numba()
        import flows.cli, flows.run.engine, flows.run.plan, flows.cli.prefect_api, flows.cli.progress
        print({"ssl", "fsspec", "rich.progress", "scipy", "coverage", "prefect"} & {*sys.modules})
        import coverage, scipy.linalg.cython_blas
    """
    assert printed_by(code) == "set()\n"


def test_a_plan_imports_no_readers_and_cleaners() -> None:
    """A run that finds nothing new ends before it needs them."""
    code = """if True:
        import sys
        import flows.cli, flows.run.engine, flows.run.plan, flows.cli.progress
        needless = {"numba", "ftfy", "yaml", "flows.run.stages", "flows.inputs.shards", "flows.inputs.sniffing"}
        print(needless & {*sys.modules})
    """
    assert printed_by(code) == "set()\n"


def test_settings_are_read_without_numba() -> None:
    """A run prepares numba after it has read its settings, and many commands need no kernel at all."""
    assert printed_by("import sys, flows.settings; print('numba' in sys.modules)") == "False\n"


@pytest.mark.slow
def test_numba_finds_scipy_later() -> None:
    """Linear algebra, for which numba needs scipy, still compiles."""
    code = """if True:
        from flows.cli.start import import_numba
        import_numba()
        import numba, numpy
        print(numba.njit(lambda a: numpy.linalg.det(a))(numpy.eye(2)))
    """
    assert printed_by(code) == "1.0\n"


def test_modules_are_found_again_after_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """If numba cannot be imported, nothing stays hidden."""
    for name in ("numba.np.arraymath", "numba.np", "numba"):
        monkeypatch.setitem(sys.modules, name, None)
    for name in start.NOT_FOR_NUMBA:
        monkeypatch.delitem(sys.modules, name, raising=False)
    with pytest.raises(ModuleNotFoundError):
        start.import_numba()
    assert not {*start.NOT_FOR_NUMBA} & {*sys.modules}


def test_numba_keeps_what_was_loaded_before_it() -> None:
    """Coverage that is being measured goes on."""
    code = (
        "import coverage, sys; from flows.cli import start; "
        "start.import_numba(); print(sys.modules['coverage'] is coverage)"
    )
    assert printed_by(code) == "True\n"
