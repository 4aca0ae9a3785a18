"""Examples in docstrings, and names that must agree."""

import importlib.metadata
import inspect

import conftest
import pytest

import knn_entropy as ke

FUNCTIONS = [name for name in ke.__all__ if inspect.isfunction(getattr(ke, name))]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_examples(name):
    failures, _ = conftest.run_doctests(name)
    assert failures == 0


def test_there_are_examples():
    assert sum(conftest.run_doctests(name)[1] for name in FUNCTIONS) > 20


@pytest.mark.parametrize("name", FUNCTIONS)
def test_parameters_are_documented(name):
    function = getattr(ke, name)
    for section in ("Parameters", "Returns"):
        assert f"    {section}\n    -----" in function.__doc__, section
    for parameter in inspect.signature(function).parameters:
        assert f"{parameter}" in function.__doc__.split("Returns")[0], parameter


def test_every_name_is_in_the_overview():
    for name in ke.__all__:
        if name in FUNCTIONS and not name.endswith("_test"):
            assert f"`{name}`" in ke.__doc__, name
        assert getattr(ke, name).__doc__, name


def test_version():
    assert ke.__version__ == importlib.metadata.version("knn-entropy")
